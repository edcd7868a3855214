from __future__ import annotations

import numpy as np
import pytest

from mammolens.datasets.phantom import STANDARD_VIEWS, make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind
from mammolens.dicom.appearance import guess_laterality, guess_view, has_bright_background
from mammolens.enums import Laterality, ViewPosition


def test_an_exam_has_the_four_standard_views_in_their_order(a_normal_exam):
    assert [(view.laterality, view.view) for view in a_normal_exam.views] == list(STANDARD_VIEWS)
    assert a_normal_exam.patient_id == "PHANTOM-11"


def test_pixels_lie_between_black_air_and_white(a_normal_exam):
    for view in a_normal_exam.views:
        assert (view.pixels.shape, view.pixels.dtype) == ((256, 208), np.float32)
        assert not view.pixels[~view.breast_mask].any()
        assert 0.3 < view.pixels[view.breast_mask].mean() < 0.7
        assert view.pixels.max() <= 1


def test_the_chest_wall_of_a_left_breast_is_left_and_of_a_right_one_right(a_normal_exam):
    for view in a_normal_exam.views:
        wall, air = (0, -1) if view.laterality is Laterality.LEFT else (-1, 0)
        assert view.breast_mask[:, wall].mean() > 0.5
        assert not view.breast_mask[:, air].any()


def test_only_an_mlo_reaches_the_upper_edge_where_its_pectoral_muscle_lies(a_normal_exam):
    for view in a_normal_exam.views:
        assert view.breast_mask[0].any() == (view.view is ViewPosition.MLO)


@pytest.mark.parametrize("seed", range(6))
def test_phantoms_look_like_mammograms_to_the_reader(seed, small_grid):
    for view in make_phantom_exam(seed, **small_grid).views:
        assert not has_bright_background(view.pixels)
        assert guess_laterality(view.pixels) is view.laterality
        assert guess_view(view.pixels) is view.view


def test_the_same_seed_gives_the_same_woman_and_another_one_another(a_normal_exam, small_grid):
    again, other = make_phantom_exam(11, **small_grid), make_phantom_exam(12, **small_grid)
    for first, second, third in zip(a_normal_exam.views, again.views, other.views, strict=True):
        np.testing.assert_array_equal(first.pixels, second.pixels)
        assert np.abs(first.pixels - third.pixels).max() > 0.2


def test_left_and_right_are_alike_but_not_the_same(a_normal_exam):
    right, left = a_normal_exam.views[:2]
    mirrored = right.pixels[:, ::-1]
    overlap = np.mean(right.breast_mask[:, ::-1] == left.breast_mask)
    assert overlap > 0.95
    assert np.abs(mirrored - left.pixels).mean() > 0.01


def test_a_lesion_is_seen_in_both_views_of_its_breast_and_nowhere_else(an_exam_with_a_mass_on_the_left):
    for view in an_exam_with_a_mass_on_the_left.views:
        assert len(view.lesions) == (view.laterality is Laterality.LEFT)
        assert view.lesion_mask.any() == (view.laterality is Laterality.LEFT)


def test_a_lesion_changes_nothing_but_its_surroundings(a_normal_exam, an_exam_with_a_mass_on_the_left):
    for without, with_lesion in zip(a_normal_exam.views, an_exam_with_a_mass_on_the_left.views, strict=True):
        change = with_lesion.pixels - without.pixels
        assert change.min() >= 0
        for lesion in with_lesion.lesions:
            rows, columns = np.nonzero(change > 0.01)
            assert np.abs(rows - lesion.row).max() < 3 * lesion.half_rows
            assert np.abs(columns - lesion.column).max() < 3 * lesion.half_columns


def test_the_mask_is_where_the_lesion_adds_a_quarter_of_its_peak(a_normal_exam, an_exam_with_a_mass_on_the_left):
    without, with_lesion = a_normal_exam.views[1], an_exam_with_a_mass_on_the_left.views[1]
    added = with_lesion.pixels - without.pixels
    unclipped = with_lesion.pixels < 1
    np.testing.assert_array_equal((added >= 0.25 * 0.25 - 1e-6)[unclipped], with_lesion.lesion_mask[unclipped])


def test_the_lesion_s_ellipse_spans_its_mask(an_exam_with_a_mass_on_the_left):
    view = an_exam_with_a_mass_on_the_left.views[3]
    (lesion,) = view.lesions
    rows, columns = np.nonzero(view.lesion_mask)
    assert (lesion.row - lesion.half_rows, lesion.row + lesion.half_rows) == (rows.min() - 0.5, rows.max() + 0.5)
    assert lesion.column + lesion.half_columns == columns.max() + 0.5


def test_a_mass_has_its_size_in_mm_whatever_the_spacing():
    mass = PhantomLesion(PhantomLesionKind.MASS, Laterality.LEFT, diameter=24.0)
    exam = make_phantom_exam(2, lesions=[mass], rows=256, columns=416, spacing=(1.0, 0.5))
    (lesion,) = exam.views[1].lesions
    assert 24 <= 2 * lesion.half_rows <= 50
    assert 24 <= 2 * lesion.half_columns * 0.5 <= 50


def test_calcifications_are_small_bright_grains():
    cluster = PhantomLesion(PhantomLesionKind.CALCIFICATIONS, Laterality.RIGHT, diameter=12.0, contrast=0.5)
    view = make_phantom_exam(2, lesions=[cluster], rows=512, columns=416, spacing=(0.5, 0.5)).views[0]
    assert 6 < view.lesion_mask.sum() < 0.5 * np.pi * (6 / 0.5) ** 2
    assert view.lesions[0].kind == "calcifications"


@pytest.mark.parametrize("wrong", [{"diameter": 0.0}, {"diameter": 90.0}, {"contrast": 0.0}, {"contrast": 1.5}])
def test_a_lesion_that_cannot_be_drawn_is_refused(wrong):
    with pytest.raises(ValueError, match="is out of range"):
        PhantomLesion(**wrong)


def test_another_visit_shows_the_same_tissue_elsewhere_and_a_lesion_that_has_grown() -> None:
    grid = {"rows": 256, "columns": 208, "spacing": (1.0, 1.0)}
    first = make_phantom_exam(5, lesions=[PhantomLesion(diameter=10.0)], **grid)
    later = make_phantom_exam(5, lesions=[PhantomLesion(diameter=16.0)], visit=1, **grid)
    assert (later.patient_id, later.study_date.year - first.study_date.year) == (first.patient_id, 2)
    for before, now in zip(first.views, later.views, strict=True):
        assert not np.array_equal(before.pixels, now.pixels)
        if before.laterality is Laterality.LEFT:  # its chest wall is at the left
            centre = np.argwhere(before.lesion_mask).mean(axis=0) + 0.5
            expected = now.position.moved(centre[None])[0]
            assert np.argwhere(now.lesion_mask).mean(axis=0) + 0.5 == pytest.approx(expected, abs=2)
            assert now.lesion_mask.sum() > 1.5 * before.lesion_mask.sum()
        else:
            flipped = before.pixels[:, ::-1].astype(np.float32), now.pixels[:, ::-1]
            brought = now.position.placed(np.ascontiguousarray(flipped[0]), (1.0, 1.0))
            inside = (brought > 0.1) & (flipped[1] > 0.1)
            assert np.corrcoef(brought[inside], flipped[1][inside])[0, 1] > 0.9, "it is other tissue"
            assert np.abs(brought - flipped[1])[inside].mean() < 0.03
