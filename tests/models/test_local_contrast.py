from __future__ import annotations

import pytest
import torch

from mammolens.models.local_contrast import local_contrast

SIGMA = 12.0


@pytest.fixture(scope="module")
def breast() -> torch.Tensor:
    """Half an ellipse at the chest wall."""
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(64.0), indexing="ij")
    return (((rows - 48) / 44) ** 2 + (columns / 52) ** 2 < 1).float()[None, None]


@pytest.fixture(scope="module")
def tissue(breast) -> torch.Tensor:
    """Greys about 0.4 that vary by 0.1 from pixel to pixel and more slowly, 0 outside the breast."""
    noise = torch.randn(1, 1, 96, 64, generator=torch.Generator().manual_seed(3))
    slow = torch.nn.functional.avg_pool2d(noise, 9, stride=1, padding=4)
    return (0.4 + 0.05 * noise + 0.3 * slow) * breast


def test_neither_brightness_nor_gain_changes_it(tissue, breast):
    contrast = local_contrast(tissue, breast, SIGMA)
    brighter = local_contrast((tissue + 0.3) * breast, breast, SIGMA)
    harder = local_contrast(1.8 * tissue, breast, SIGMA)
    assert float(contrast.std()) > 0.5
    torch.testing.assert_close(brighter, contrast, rtol=0, atol=0.01)
    torch.testing.assert_close(harder, contrast, rtol=0, atol=0.01)


def test_it_is_the_deviation_from_the_local_mean_in_local_standard_deviations(tissue, breast):
    """Against sums over all pixels, without the coarse grid."""
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(64.0), indexing="ij")
    contrast = local_contrast(tissue, breast, SIGMA)[0, 0]
    for row, column in ((48, 10), (30, 24), (60, 40)):
        weight = torch.exp(-0.5 * ((rows - row) ** 2 + (columns - column) ** 2) / SIGMA**2) * breast[0, 0]
        mean = float((weight * tissue[0, 0]).sum() / weight.sum())
        deviation = float(((weight * (tissue[0, 0] - mean) ** 2).sum() / weight.sum()).sqrt())
        expected = (float(tissue[0, 0, row, column]) - mean) / deviation
        assert float(contrast[row, column]) == pytest.approx(expected, abs=0.1)


def test_what_is_outside_the_breast_is_0_and_counts_for_nothing(tissue, breast):
    contrast = local_contrast(tissue, breast, SIGMA)
    labelled = local_contrast(torch.where(breast > 0, tissue, 0.9), breast, SIGMA)
    assert not contrast[breast == 0].any()
    assert torch.equal(labelled[breast == 0], contrast[breast == 0])


def test_even_tissue_is_not_blown_up_and_extremes_are_clipped(breast):
    even = 0.3 * breast
    even[0, 0, 48, 20] = 0.305
    assert float(local_contrast(even, breast, SIGMA)[0, 0, 48, 20]) < 0.5
    even[0, 0, 48, 20] = 1.0
    even[0, 0, 40, 20] = 0.0
    contrast = local_contrast(even, breast, SIGMA)
    assert (float(contrast.max()), float(contrast.min())) == (6.0, -4.0)


def test_an_empty_breast_gives_zeros():
    nothing = torch.zeros(2, 1, 32, 48)
    assert torch.equal(local_contrast(nothing, nothing, SIGMA), nothing)


def test_mixed_precision_changes_nothing(tissue, breast):
    """In bfloat16, the difference of squares that is the variance would have no digit left."""
    with torch.autocast("cpu", torch.bfloat16):
        mixed = local_contrast(tissue, breast, SIGMA)
    assert torch.equal(mixed, local_contrast(tissue, breast, SIGMA))
