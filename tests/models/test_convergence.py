from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from mammolens.models.convergence import convergence

RADII = (4.0, 6.0)


def a_blob(row: float, column: float, sigma: float = 5.0) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
    return torch.exp(-0.5 * ((rows - row) ** 2 + (columns - column) ** 2) / sigma**2)[None, None]


@pytest.fixture(scope="module")
def noise() -> torch.Tensor:
    return torch.rand(1, 1, 64, 48, generator=torch.Generator().manual_seed(5))


WHOLE = torch.ones(1, 1, 64, 48)


def slowly(image: np.ndarray, mask: np.ndarray, radius: float, row: int, column: int) -> float:
    """Mean over the ring's pixels, one by one, of the cosine between gradient and the way to the centre."""
    down = ndimage.gaussian_filter(image, 1.5, order=(1, 0), mode="nearest", truncate=4)
    right = ndimage.gaussian_filter(image, 1.5, order=(0, 1), mode="nearest", truncate=4)
    cosines, pixels = 0.0, 0
    for y in range(-40, 41):
        for x in range(-40, 41):
            distance = np.hypot(y, x)
            if not 0.4 * radius < distance <= 1.6 * radius:
                continue
            pixels += 1
            place = row + y, column + x
            if 0 <= place[0] < image.shape[0] and 0 <= place[1] < image.shape[1] and mask[place]:
                towards = -(down[place] * y + right[place] * x) / distance
                cosines += towards / (np.hypot(down[place], right[place]) + 1e-4)
    return cosines / pixels


@pytest.mark.parametrize("stride", [1, 2])
def test_it_is_the_mean_cosine_over_a_ring(noise, stride):
    mask = (a_blob(30, 10, 20) > 0.3).float()
    maps = convergence(noise, mask, RADII, stride)
    assert maps.shape == (1, 2, 64 // stride, 48 // stride)
    for level, radius in enumerate(RADII):
        for row, column in ((0, 0), (30, 10), (20, 22), (62, 46)):
            expected = slowly(noise[0, 0].double().numpy(), mask[0, 0].numpy() > 0, radius, row, column)
            told = float(maps[0, level, row // stride, column // stride])
            assert told == pytest.approx(expected, abs=2e-3)


def test_it_peaks_in_the_middle_of_a_blob():
    (maps,) = convergence(a_blob(26, 18), WHOLE, RADII, 2)
    for level in maps:
        row, column = np.unravel_index(int(level.argmax()), level.shape)
        assert (2 * row, 2 * column) == (26, 18)
        assert float(level.max()) > 0.9
    assert float(convergence(-a_blob(26, 18), WHOLE, RADII, 2)[0, 0, 13, 9]) < -0.9


def test_a_faint_blob_converges_as_a_bright_one_does():
    bright, faint = (convergence(0.2 + gain * a_blob(26, 18), WHOLE, RADII, 2)[0, :, 13, 9] for gain in (0.6, 0.06))
    torch.testing.assert_close(bright, faint, rtol=0, atol=0.05)


def test_even_tissue_converges_nowhere():
    assert float(convergence(torch.full_like(WHOLE, 0.5), WHOLE, RADII, 2).abs().max()) < 0.01


def test_gradients_outside_the_breast_count_nothing(noise):
    mask = torch.zeros_like(WHOLE)
    assert not convergence(noise, mask, RADII, 2).any()
