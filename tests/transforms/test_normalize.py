from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from mammolens.enums import Keys
from mammolens.transforms.normalize import NormalizeInBreast, NormalizeInBreastd


def test_percentiles_of_the_breast_become_black_and_white(a_view, tensor_of, mask_of):
    normalized = NormalizeInBreast((2.0, 97.0))(tensor_of(a_view.pixels), mask_of(a_view.breast_mask)).numpy()[0]
    low, high = np.percentile(a_view.pixels[a_view.breast_mask], [2, 97])
    expected = np.clip((a_view.pixels - low) / (high - low), 0, 1) * a_view.breast_mask
    assert normalized.dtype == np.float32
    np.testing.assert_allclose(normalized, expected, atol=1e-5)


def test_what_lies_outside_counts_for_nothing(a_view, tensor_of, mask_of):
    bright = np.where(a_view.breast_mask, a_view.pixels, 1)
    normalize, mask = NormalizeInBreast(), mask_of(a_view.breast_mask)
    torch.testing.assert_close(normalize(tensor_of(bright), mask), normalize(tensor_of(a_view.pixels), mask))


@pytest.mark.parametrize(("gain", "offset"), [(0.3, 0.0), (0.5, 0.4)])
def test_brightness_and_contrast_do_not_matter(a_view, tensor_of, mask_of, gain, offset):
    normalize, mask = NormalizeInBreast(), mask_of(a_view.breast_mask)
    torch.testing.assert_close(
        normalize(tensor_of(gain * a_view.pixels + offset), mask).as_tensor(),
        normalize(tensor_of(a_view.pixels), mask).as_tensor(),
        rtol=0,
        atol=1e-5,
    )


def test_the_way_back_gives_the_greys_that_were_not_clipped(a_view, tensor_of, mask_of):
    normalize, image = NormalizeInBreast((5.0, 95.0)), tensor_of(a_view.pixels)
    back = normalize.inverse(normalize(image, mask_of(a_view.breast_mask)))
    low, high = np.percentile(a_view.pixels[a_view.breast_mask], [5, 95])
    kept = a_view.breast_mask & (a_view.pixels >= low) & (a_view.pixels <= high)
    assert back.applied_operations == []
    np.testing.assert_allclose(back.numpy()[0][kept], a_view.pixels[kept], atol=1e-5)


def test_an_even_breast_does_not_divide_by_zero():
    normalize, image = NormalizeInBreast(), MetaTensor(torch.full((1, 20, 20), 0.5))
    normalized = normalize(image, torch.ones(1, 20, 20))
    assert torch.isfinite(normalized).all()
    torch.testing.assert_close(normalize.inverse(normalized).as_tensor(), image.as_tensor())


def test_a_breast_that_vanished_on_a_coarse_grid_is_black():
    image = MetaTensor(torch.rand(1, 20, 20))
    assert not NormalizeInBreast()(image, torch.zeros(1, 20, 20)).any()


def test_the_dictionary_form_leaves_the_mask(a_view, tensor_of, mask_of):
    data = {Keys.IMAGE: tensor_of(a_view.pixels), Keys.BREAST_MASK: tensor_of(a_view.breast_mask)}
    normalized = NormalizeInBreastd()(data)
    assert normalized[Keys.BREAST_MASK] is data[Keys.BREAST_MASK]
    assert normalized[Keys.IMAGE].max() == 1
