from __future__ import annotations

import numpy as np
import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.lesion_labels import lesion_labels


def test_a_box_and_an_ellipse_are_drawn_where_they_lie():
    box, ellipse = Lesion(10, 20, 4, 2, shape="box"), Lesion(30, 20, 4, 2)
    labels = lesion_labels([box, ellipse], (50, 40), (50, 40))
    assert (labels[6:15, 18:23] == 1).all()
    assert (labels == 1).sum() == 9 * 5
    assert labels[26, 20] == labels[30, 22] == 2
    assert labels[26, 22] == 0


def test_on_a_smaller_grid_a_lesion_keeps_its_place_and_its_share():
    lesion = Lesion(99.5, 59.5, 40, 20, shape="box")
    full, small = lesion_labels([lesion], (400, 200), (400, 200)), lesion_labels([lesion], (400, 200), (100, 50))
    assert (small > 0).mean() == pytest.approx((full > 0).mean(), rel=0.1)
    assert np.argwhere(small).mean(axis=0) == pytest.approx([24.5, 14.5], abs=0.5)


def test_the_smallest_lesion_has_a_pixel_and_lies_upon_a_larger_one():
    labels = lesion_labels([Lesion(50, 50, 1, 1), Lesion(50, 50, 30, 30)], (100, 100), (10, 10))
    assert labels[5, 5] == 1
    assert (labels == 1).sum() == 1
    assert (labels == 2).sum() > 20
