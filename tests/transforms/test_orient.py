from __future__ import annotations

import numpy as np
import pytest
import torch

from mammolens.enums import Keys, Laterality
from mammolens.transforms.orient import OrientToLeft, OrientToLeftd, leans_left


def test_the_chest_wall_comes_to_the_left(a_view, tensor_of, mask_of):
    oriented = OrientToLeft()(tensor_of(a_view.pixels), mask_of(a_view.breast_mask)).numpy()[0]
    expected = a_view.pixels if a_view.laterality is Laterality.LEFT else a_view.pixels[:, ::-1]
    np.testing.assert_array_equal(oriented, expected)


def test_the_way_back_is_exact(a_view, tensor_of, mask_of):
    orient, image = OrientToLeft(), tensor_of(a_view.pixels)
    back = orient.inverse(orient(image, mask_of(a_view.breast_mask)))
    assert (back.dtype, back.applied_operations) == (image.dtype, [])
    torch.testing.assert_close(back.as_tensor(), image.as_tensor(), rtol=0, atol=0)


def test_image_and_mask_turn_together(a_view, tensor_of, mask_of):
    mask = tensor_of(a_view.breast_mask)
    data = OrientToLeftd()({Keys.IMAGE: tensor_of(a_view.pixels), Keys.BREAST_MASK: mask})
    assert leans_left(data[Keys.BREAST_MASK].as_tensor())
    assert not data[Keys.IMAGE].as_tensor()[data[Keys.BREAST_MASK].as_tensor() == 0].any()


@pytest.mark.parametrize(
    ("profile", "left"),
    [
        ([3, 2, 1], True),
        ([1, 2, 3], False),
        ([0, 0, 3, 2, 1], True),
        ([1, 2, 3, 0, 0], False),
        ([2, 2], True),
        ([0], True),
    ],
    ids=str,
)
def test_a_mask_leans_where_it_is_fuller(profile, left):
    mask = torch.zeros(1, 4, len(profile))
    for column, height in enumerate(profile):
        mask[0, :height, column] = 1
    assert leans_left(mask) is left
