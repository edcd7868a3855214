from __future__ import annotations

import numpy as np
import pytest
import torch

from mammolens.transforms.resample import ResizeToSquare, resampled


@pytest.mark.parametrize("size", [(64, 64), (101, 57), (320, 260), (400, 300), (640, 130), (100, 520)], ids=str)
def test_a_spot_keeps_its_relative_place(a_view, spots_in, distance, size):
    for spot in spots_in(a_view, (8.0, 8.0)):
        there = resampled(torch.from_numpy(spot)[None], size)
        assert (there.dtype, tuple(there.shape)) == (torch.float32, (1, *size))
        back = resampled(there, spot.shape)
        assert distance(back.numpy()[0], spot) < 0.5


def test_whole_blocks_become_their_means():
    image = torch.arange(24.0).reshape(1, 4, 6)
    expected = image.reshape(1, 2, 2, 3, 2).mean(dim=(2, 4))
    torch.testing.assert_close(resampled(image, (2, 3)), expected)


@pytest.mark.parametrize(("shape", "size"), [((37, 53), (11, 17)), ((300, 7), (1, 7)), ((64, 48), (63, 5))], ids=str)
def test_shrinking_is_torch_s_area_interpolation_and_exactly_so_for_masks(shape, size):
    image = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
    for values, difference in ((image, 1e-6), (image > 0.4, 0)):
        expected = torch.nn.functional.interpolate(values[None].float(), size=size, mode="area")[0]
        torch.testing.assert_close(resampled(values, size), expected, rtol=0, atol=difference)


def test_the_same_size_changes_nothing():
    image = torch.rand(1, 30, 20)
    torch.testing.assert_close(resampled(image, (30, 20)), image, rtol=0, atol=0)


@pytest.mark.parametrize("size", [(16, 64), (16, 256), (256, 16)], ids=str)
def test_all_pixels_count_when_one_direction_shrinks_and_the_other_grows(size):
    """Noise averages out over the eight pixels that fall together; interpolation would take two of them."""
    noise = torch.rand(1, 128, generator=torch.Generator().manual_seed(0))
    image = noise.T.expand(128, 64) if size[0] < 128 else noise.expand(64, 128)
    means = noise.reshape(16, 8).mean(dim=1)
    shrunk = resampled(image[None], size)[0]
    torch.testing.assert_close(shrunk[:, 0] if size[0] < 128 else shrunk[0], means)


def test_a_constant_stays_what_it_is():
    for size in ((7, 90), (90, 7), (200, 200)):
        torch.testing.assert_close(resampled(torch.full((1, 50, 40), 0.25), size), torch.full((1, *size), 0.25))


@pytest.mark.parametrize("size", [64, 300, 512])
def test_a_square_goes_back_to_the_size_it_had(a_view, tensor_of, spots_in, distance, size):
    resize = ResizeToSquare(size)
    for spot in spots_in(a_view, (8.0, 8.0)):
        image = tensor_of(spot)
        square = resize(image)
        assert (tuple(square.shape), square.dtype) == ((1, size, size), torch.float32)
        assert len(square.applied_operations) == 1
        back = resize.inverse(square)
        assert (back.shape, back.dtype, back.applied_operations) == (image.shape, image.dtype, [])
        assert distance(back.numpy()[0], spot) < 0.5
        np.testing.assert_allclose(back.numpy().mean(), spot.mean(), rtol=0.05)
