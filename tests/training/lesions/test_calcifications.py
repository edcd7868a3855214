from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mammolens.training.lesions.calcifications import draw_cluster


@pytest.mark.parametrize("half", [8, 20, 35])
def test_a_cluster_is_of_small_bright_grains_each_within_the_outline(half):
    for seed in range(30):
        cluster = draw_cluster(np.random.default_rng(seed), half)
        assert cluster.added.shape == cluster.outline.shape == (2 * half + 1, 2 * half + 1)
        assert cluster.added.max() == pytest.approx(1)
        assert cluster.added.min() >= 0
        _, grains = ndimage.label(cluster.added > 0.35)
        assert 1 <= grains <= 15
        assert (cluster.added > 0.5).sum() < 15 * 6, "of about a pixel"
        assert cluster.added[~cluster.outline].max(initial=0) < 0.05


def test_a_cluster_lies_about_the_middle():
    bright = sum(draw_cluster(np.random.default_rng(seed), 20).added for seed in range(60))
    assert ndimage.center_of_mass(bright) == pytest.approx((20, 20), abs=1.5)
