from __future__ import annotations

import numpy as np
import pytest

from mammolens.training.lesions.masses import draw_mass
from mammolens.training.lesions.patch import offsets

SEEDS = range(40)


def masses(radius: float, *, spiculated: bool = False):
    half = int(3 * radius) + 2
    return [draw_mass(np.random.default_rng(seed), radius, half, spiculated=spiculated) for seed in SEEDS]


@pytest.mark.parametrize("radius", [4.0, 7.0, 11.0])
@pytest.mark.parametrize("spiculated", [False, True])
def test_a_mass_has_about_the_size_that_was_asked_for(radius, spiculated):
    sizes = [np.sqrt(mass.outline.sum() / np.pi) / radius for mass in masses(radius, spiculated=spiculated)]
    assert 0.7 < min(sizes) < max(sizes) < 1.3
    assert 0.85 < np.mean(sizes) < 1.05


def test_it_is_brightest_inside_and_gone_at_the_patch_s_border():
    for mass in masses(7.0):
        assert mass.added.dtype == np.float32
        assert 0.5 < mass.added.max() < 2
        assert mass.added[mass.outline].mean() > 5 * mass.added[~mass.outline].mean()
        border = np.concatenate([mass.added[[0, -1]].ravel(), mass.added[:, [0, -1]].ravel()])
        assert np.abs(border).max() < 0.01


def test_spicules_reach_beyond_the_mass_and_are_not_outlined():
    distance = np.hypot(*offsets(23))
    ring = (distance > 10) & (distance < 14)
    plain, spiculated = (
        np.mean([mass.added[ring].mean() for mass in masses(7.0, spiculated=s)]) for s in (False, True)
    )
    assert spiculated > 1.5 * plain
    assert all(not mass.outline[distance > 14].any() for mass in masses(7.0, spiculated=True))


def test_shapes_and_margins_vary_and_a_seed_repeats_them():
    one, again, other = (draw_mass(np.random.default_rng(s), 7.0, 23, spiculated=True) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.added, again.added)
    assert not np.array_equal(one.outline, other.outline)
    sharpness = [np.abs(np.gradient(mass.added)).max() for mass in masses(7.0)]
    assert max(sharpness) > 2 * min(sharpness)
