from __future__ import annotations

import numpy as np
import pytest
import torch

from mammolens.enums import Keys
from mammolens.transforms.crop import CropToBreast, CropToBreastd, breast_box


@pytest.mark.parametrize(
    ("margin", "box"), [(0.0, (10, 30, 5, 25)), (0.1, (8, 32, 3, 27)), (0.2, (6, 34, 1, 29)), (0.5, (0, 40, 0, 35))]
)
def test_the_box_encloses_the_mask_and_a_margin_within_the_image(margin, box):
    mask = torch.zeros(1, 40, 36)
    mask[0, 10:30, 5:25] = 1
    assert breast_box(mask, margin) == box


def test_the_crop_holds_all_of_the_breast(a_view, tensor_of, mask_of):
    image, mask = tensor_of(a_view.pixels), mask_of(a_view.breast_mask)
    cropped = CropToBreast(margin=0.0)(image, mask)
    rows, columns = a_view.breast_mask.any(axis=1).sum(), a_view.breast_mask.any(axis=0).sum()
    assert tuple(cropped.shape) == (1, rows, columns)
    assert float(cropped.sum(dtype=torch.float64)) == pytest.approx(float(image.sum(dtype=torch.float64)))


def test_the_way_back_is_exact_inside_the_box_and_zero_around_it(a_view, tensor_of, mask_of):
    crop, image, mask = CropToBreast(margin=0.02), tensor_of(a_view.pixels + 0.001), mask_of(a_view.breast_mask)
    back = crop.inverse(crop(image, mask))
    top, bottom, left, right = breast_box(mask, 0.02)
    expected = np.zeros_like(image.numpy())
    expected[:, top:bottom, left:right] = image.numpy()[:, top:bottom, left:right]
    assert (back.dtype, back.applied_operations) == (image.dtype, [])
    np.testing.assert_array_equal(back.numpy(), expected)


def test_image_and_mask_are_cropped_together(a_view, tensor_of):
    data = {Keys.IMAGE: tensor_of(a_view.pixels), Keys.BREAST_MASK: tensor_of(a_view.breast_mask)}
    cropped = CropToBreastd()(data)
    assert cropped[Keys.IMAGE].shape == cropped[Keys.BREAST_MASK].shape
    assert float(cropped[Keys.BREAST_MASK].sum()) == a_view.breast_mask.sum()
    assert data[Keys.IMAGE].shape[-2:] == a_view.pixels.shape, "the data that came in stay as they are"
