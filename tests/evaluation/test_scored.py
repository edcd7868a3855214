import math

import pytest

from mammolens.config import FusionConfig
from mammolens.enums import Laterality
from mammolens.errors import DatasetError
from mammolens.evaluation.scored import check_images, columns, fused

L, R = Laterality.LEFT, Laterality.RIGHT


@pytest.fixture
def an_exam_of_three_views(an_image):
    return [
        an_image("l1", laterality=L, pred_score=1.0),
        an_image("l2", laterality=L, pred_score=3.0),
        an_image("r1", laterality=R, pred_score=10.0, abnormal=True),
    ]


@pytest.mark.parametrize(
    "given", [{"pred_score": math.nan}, {"pred_score": math.inf}, {"p_value": 1.2}, {"p_value": math.nan}]
)
def test_an_image_with_an_impossible_number_is_refused_by_name(an_image, given):
    with pytest.raises(DatasetError, match=r"bad\.png: .*; .* again"):
        an_image("bad.png", **given)


def test_columns_keep_the_order_of_the_images(an_exam_of_three_views):
    rows = columns(an_exam_of_three_views)
    assert rows.scores.tolist() == [1, 3, 10]
    assert rows.abnormal.tolist() == [False, False, True]
    assert rows.sites.tolist() == ["", "", ""]


@pytest.mark.parametrize(
    ("fusion", "left", "exam"),
    [
        (FusionConfig(), 2.0, 6.0),
        (FusionConfig(views="max", breasts="max"), 3.0, 10.0),
        (FusionConfig(breasts="max", asymmetry=0.5), 2.0, 14.0),
    ],
    ids=str,
)
def test_views_fuse_to_breasts_and_breasts_to_exams(an_exam_of_three_views, fusion, left, exam):
    breasts, exams = (fused(an_exam_of_three_views, level, fusion) for level in ("breast", "exam"))
    assert breasts.scores.tolist() == [left, 10.0]
    assert breasts.abnormal.tolist() == [False, True]
    assert exams.scores.tolist() == [exam]
    assert exams.abnormal.tolist() == [True]


@pytest.mark.parametrize("level", ["breast", "exam"])
def test_a_synthetic_view_does_not_count_beside_its_exposed_twin_but_its_truth_does(an_image, level):
    twin = an_image("s", acquisition_group="Maker, synthetic 2D", pred_score=9.0, abnormal=True)
    units = fused([twin, an_image("e", acquisition_group="Maker", pred_score=2.0)], level)
    assert (units.scores.tolist(), units.abnormal.tolist()) == ([2.0], [True])


def test_two_exams_of_one_patient_stay_two_units_of_the_same_patient(an_image):
    exams = fused([an_image("a", exam_id="e1"), an_image("b", exam_id="e2")], "exam")
    assert exams.patients.tolist() == ["p1", "p1"]


def test_equal_exam_ids_of_two_patients_stay_apart(an_image):
    assert len(fused([an_image("a", patient_id="p1"), an_image("b", patient_id="p2")], "exam").scores) == 2


def test_an_image_without_laterality_counts_for_the_exam_but_for_no_breast(an_image):
    images = [an_image("a", laterality=None, pred_score=4.0)]
    assert len(fused(images, "breast").scores) == 0
    assert fused(images, "exam").scores.tolist() == [4.0]


@pytest.mark.parametrize(("abnormal", "missing"), [(True, "normal"), (False, "abnormal")])
def test_one_class_alone_is_refused_with_what_is_missing_and_the_remedy(an_image, abnormal, missing):
    with pytest.raises(DatasetError, match=f"none of the 1 images is known to be {missing}; add {missing} cases"):
        check_images([an_image(abnormal=abnormal)])


def test_no_images_at_all_are_refused():
    with pytest.raises(DatasetError, match="none of the 0 images"):
        check_images([])


def test_an_image_listed_twice_is_refused(an_image):
    with pytest.raises(DatasetError, match="a: is scored twice"):
        check_images([an_image("a"), an_image("a", abnormal=True)])
