from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mammolens.config import LesionConfig, LesionKind
from mammolens.training.lesions.insertion import LesionInserter
from mammolens.training.sample import Sample

EVERY_KIND = pytest.mark.parametrize("kind", LesionKind)
PIXEL_MM = 0.75


def an_inserter(*kinds: LesionKind, **options) -> LesionInserter:
    return LesionInserter(LesionConfig(kinds=dict.fromkeys(kinds or LesionKind, 1.0), **options), PIXEL_MM)


def inserted(inserter: LesionInserter, breast: Sample, donor: Sample, seeds: int = 25):
    return [inserter(breast, donor, np.random.default_rng(seed)) for seed in range(seeds)]


@EVERY_KIND
def test_nothing_changes_outside_the_breast_and_the_normal_image_stays(a_breast, a_donor, kind):
    before = a_breast.image.copy()
    for corrupted in inserted(an_inserter(kind), a_breast, a_donor):
        assert (corrupted.image.dtype, corrupted.lesions.dtype) == (np.float32, np.bool_)
        assert np.isfinite(corrupted.image).all()
        outside = ~a_breast.breast
        np.testing.assert_array_equal(corrupted.image[outside], before[outside])
        assert not corrupted.lesions[outside].any()
    np.testing.assert_array_equal(a_breast.image, before)


@EVERY_KIND
def test_what_is_marked_was_changed_and_little_else(a_breast, a_donor, kind):
    marked = 0
    for corrupted in inserted(an_inserter(kind, most=1), a_breast, a_donor):
        change = np.abs(corrupted.image - a_breast.image)
        if not corrupted.lesions.any():
            assert not change.any(), "a foreign patch that was too near the edge"
            continue
        marked += 1
        assert change[corrupted.lesions].mean() > 3 * change[a_breast.breast & ~corrupted.lesions].mean()
        far = ~ndimage.binary_dilation(corrupted.lesions, iterations=30)
        assert change[far].max(initial=0) < 0.03, "what varies by 0.05 moved by a tenth of a pixel"
    assert marked >= 10


@EVERY_KIND
def test_no_lesion_is_given_away_by_greys_that_real_images_do_not_have(a_breast, a_donor, kind):
    bright = Sample.normal(
        np.where(a_breast.breast, np.clip(a_breast.image + 0.5, 0, 1), 0).astype(np.float32), a_breast.breast
    )
    for corrupted in inserted(an_inserter(kind, contrast=(2.0, 5.0)), bright, a_donor):
        assert corrupted.image.min() >= 0
        assert corrupted.image.max() <= 1


def test_a_foreign_patch_brings_texture_and_neither_its_level_nor_its_air(a_breast, a_donor):
    even = Sample.normal(np.where(a_donor.breast, 0.7, 0).astype(np.float32), a_donor.breast)
    inserter = an_inserter(LesionKind.FOREIGN, most=1, contrast=(1e-6, 2e-6))
    for corrupted in inserted(inserter, a_breast, even):
        if corrupted.lesions.any():
            assert corrupted.image[corrupted.lesions].mean() == pytest.approx(0.4, abs=0.02)


def test_one_lesion_to_as_many_as_wanted(a_breast, a_donor):
    counts = {
        ndimage.label(corrupted.lesions)[1]
        for corrupted in inserted(an_inserter(LesionKind.MASS, most=3, radius_mm=(2, 2.5)), a_breast, a_donor, 40)
    }
    assert {1, 2, 3} <= counts <= {1, 2, 3, 4}


def test_sizes_are_those_in_millimetres(a_breast, a_donor):
    small, large = (
        np.mean(
            [
                corrupted.lesions.sum()
                for corrupted in inserted(an_inserter(LesionKind.MASS, **options), a_breast, a_donor)
            ]
        )
        for options in ({"most": 1, "radius_mm": (2.9, 3.1)}, {"most": 1, "radius_mm": (5.9, 6.1)})
    )
    assert small == pytest.approx(np.pi * (3 / PIXEL_MM) ** 2, rel=0.25)
    assert large == pytest.approx(4 * small, rel=0.25)


def test_a_contrast_is_a_multiple_of_the_tissue_s_own_variation(a_breast, a_donor):
    rough = Sample.normal(
        np.where(a_breast.breast, 0.4 + 3 * (a_breast.image - 0.4), 0).astype(np.float32), a_breast.breast
    )
    inserter = an_inserter(LesionKind.MASS, most=1, contrast=(1.0, 1.01))
    seeds = range(15)
    steps = [
        np.mean([np.abs(inserter(one, a_donor, np.random.default_rng(s)).image - one.image).max() for s in seeds])
        for one in (a_breast, rough)
    ]
    assert steps[0] == pytest.approx(0.05 * 1.4, rel=0.3)
    assert steps[1] == pytest.approx(3 * steps[0], rel=0.15)


def test_a_foreign_patch_takes_the_level_of_its_new_place(a_breast):
    noise = np.random.default_rng(6).normal(0.7, 0.1, (160, 120)).astype(np.float32)
    donor = Sample.normal(noise, np.ones((160, 120), np.bool_))
    inserter = an_inserter(LesionKind.FOREIGN, most=1, contrast=(1e-6, 1e-5), radius_mm=(3, 4))
    found = [each for each in inserted(inserter, a_breast, donor) if each.lesions.any()]
    assert len(found) > 10
    assert np.mean([each.image[each.lesions].mean() for each in found]) == pytest.approx(0.4, abs=0.03)
    spreads = [each.image[each.lesions].std() for each in found]
    assert np.mean(spreads) > 0.06, "the donor's texture, twice as rough"


def test_brighter_places_are_preferred(a_breast, a_donor):
    image = a_breast.image.copy()
    image[80:] += 0.3 * a_breast.breast[80:]
    halves = Sample.normal(image, a_breast.breast)
    centres = [
        ndimage.center_of_mass(corrupted.lesions)[0]
        for corrupted in inserted(an_inserter(LesionKind.MASS, most=1, radius_mm=(1.5, 2)), halves, a_donor, 150)
    ]
    assert 0.58 < np.mean(np.array(centres) > 80) < 0.8


def test_a_breast_too_small_for_a_lesion_stays_as_it_is(a_donor):
    image, breast = np.full((60, 60), 0.5, np.float32), np.zeros((60, 60), np.bool_)
    breast[20:26, 20:50] = True
    for none in (breast, np.zeros_like(breast)):
        corrupted = an_inserter()(Sample.normal(image, none), a_donor, np.random.default_rng(0))
        assert not corrupted.lesions.any()
        np.testing.assert_array_equal(corrupted.image, image)


@EVERY_KIND
def test_a_window_that_is_all_breast_gets_lesions_too(a_donor, kind):
    noise = np.random.default_rng(5).normal(0.4, 0.05, (160, 120)).astype(np.float32)
    donor = Sample.normal(noise, np.ones(noise.shape, np.bool_))
    found = [each.lesions.any() for each in inserted(an_inserter(kind), donor, donor)]
    assert np.mean(found) > 0.5


def test_distortion_draws_no_air_into_the_breast(a_donor):
    even = Sample.normal(np.where(a_donor.breast, 0.6, 0).astype(np.float32), a_donor.breast)
    drawn = inserted(an_inserter(LesionKind.DISTORTION, most=3), even, a_donor, 60)
    assert np.mean([each.lesions.any() for each in drawn]) > 0.5
    for each in drawn:
        np.testing.assert_allclose(each.image[even.breast], 0.6, rtol=1e-5)


def test_the_same_seed_gives_the_same_lesions(a_breast, a_donor):
    one, again, other = (an_inserter()(a_breast, a_donor, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.lesions, again.lesions)
    assert not np.array_equal(one.image, other.image)


def test_kinds_come_as_often_as_the_configuration_says(a_breast, a_donor):
    config = LesionConfig(most=1, kinds={LesionKind.CALCIFICATIONS: 3, LesionKind.MASS: 1}, radius_mm=(6, 6.5))
    peaks = []
    for corrupted in inserted(LesionInserter(config, PIXEL_MM), a_breast, a_donor, 80):
        change = corrupted.image - a_breast.image
        peaks.append((change > 0.3 * change.max()).sum() > 100)
    assert 0.12 < np.mean(peaks) < 0.4, "a quarter are masses"
