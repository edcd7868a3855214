from __future__ import annotations

import numpy as np
import pytest
import torch

from mammolens.errors import UnsupportedMammogramError
from mammolens.transforms.resample_mm import ResizeToPixelSize


@pytest.mark.parametrize("grid", ["isotropic", "flat pixels", "tall pixels"])
@pytest.mark.parametrize(("size_mm", "size"), [(2.0, 160), (0.9, 300), (0.6, 500)])
def test_a_pixel_gets_its_size_in_both_directions(exams, tensor_of, grid, size_mm, size):
    exam = exams[grid]
    image = tensor_of(exam.views[0].pixels, exam.spacing)
    resized = ResizeToPixelSize(size_mm, size)(image)
    rows, columns = (
        round(count * spacing / size_mm) for count, spacing in zip(image.shape[-2:], exam.spacing, strict=True)
    )
    assert (tuple(resized.shape), resized.dtype) == ((1, size, size), torch.float32)
    assert not resized[:, rows:].any()
    assert not resized[:, :, columns:].any()
    assert resized[:, :rows, :columns].mean() == pytest.approx(float(image.mean()), rel=0.02)


@pytest.mark.parametrize("grid", ["isotropic", "flat pixels", "tall pixels"])
def test_a_spot_that_is_round_in_mm_is_round_in_pixels_and_comes_back(exams, tensor_of, spots_in, distance, grid):
    exam, resize = exams[grid], ResizeToPixelSize(1.0, 300)
    for view in exam.views:
        for spot in spots_in(view, (6 / exam.spacing[0], 6 / exam.spacing[1])):
            resized = resize(tensor_of(spot, exam.spacing))
            weights = resized.numpy()[0].astype(np.float64)
            rows, columns = np.indices(weights.shape)
            spreads = [
                np.sqrt((weights * (p - (weights * p).sum() / weights.sum()) ** 2).sum() / weights.sum())
                for p in (rows, columns)
            ]
            assert spreads == pytest.approx([6, 6], rel=0.06)
            back = resize.inverse(resized)
            assert (tuple(back.shape), back.applied_operations) == ((1, *spot.shape), [])
            assert distance(back.numpy()[0], spot) < 0.5


def bright(shape: tuple[int, int]) -> np.ndarray:
    """Greys from 0.8 to 1."""
    return np.linspace(0.8, 1, shape[0] * shape[1]).reshape(shape)


@pytest.mark.parametrize("aspect_ratio", [1.0, 1.25, 0.5])
def test_without_spacing_the_whole_image_is_taken_to_be_so_high(tensor_of, aspect_ratio):
    image = tensor_of(bright((300, 200)), None, aspect_ratio)
    part = image[:, 30:180, :120]  # as the crop to the breast leaves it
    resized = ResizeToPixelSize(1.0, 300, assumed_height_mm=240)(part)
    filled = resized[0] > 0.5
    assert int(filled.any(dim=1).sum()) == round(150 * 240 / 300)
    assert int(filled.any(dim=0).sum()) == round(120 * 240 / 300 / aspect_ratio)


def test_a_spacing_wins_over_the_assumed_height_and_the_aspect_ratio(tensor_of):
    image = tensor_of(bright((100, 80)), (0.5, 2.0), 3.0)
    filled = ResizeToPixelSize(1.0, 300, assumed_height_mm=400)(image)[0] > 0.5
    assert (int(filled.any(dim=1).sum()), int(filled.any(dim=0).sum())) == (50, 160)


def test_without_spacing_a_spot_of_a_stretched_image_gets_round_and_comes_back(exams, tensor_of, spots_in, distance):
    exam, resize = exams["tall pixels"], ResizeToPixelSize(1.0, 300, assumed_height_mm=205 * 1.25)
    for view in exam.views:
        for spot in spots_in(view, (6 / 1.25, 6 / 0.5)):
            resized = resize(tensor_of(spot, None, 1.25 / 0.5))
            with_spacing = ResizeToPixelSize(1.0, 300)(tensor_of(spot, exam.spacing))
            torch.testing.assert_close(resized.as_tensor(), with_spacing.as_tensor())
            assert distance(resize.inverse(resized).numpy()[0], spot) < 0.5


def test_a_breast_that_does_not_fit_is_refused(a_view, tensor_of):
    with pytest.raises(UnsupportedMammogramError, match="needs 256 x 208 pixels of 1.0 mm, more than 200; use a model"):
        ResizeToPixelSize(1.0, 200)(tensor_of(a_view.pixels))
