import pytest

from mammolens.enums import NormalityCategory, score_text
from mammolens.inference.exam_text import exam_percentile_text, level_text, patient_text, percentile_text, view_name

NORMAL, UNUSUAL, HIGHLY_UNUSUAL = NormalityCategory


@pytest.mark.parametrize(
    ("percentile", "category", "sentence"),
    [
        (99.96, HIGHLY_UNUSUAL, "Highly unusual: more anomalous than 99 % of normal exams."),
        (90.0, UNUSUAL, "Unusual: more anomalous than 90 % of normal exams."),
        (90.0, NORMAL, "Within the normal range: rank 90 of 100 normal exams."),
        (0.0, NORMAL, "Within the normal range: rank 1 of 100 normal exams."),
        (83.3, None, "More anomalous than 83 % of normal exams."),
    ],
)
def test_the_category_comes_before_the_percentile_and_none_is_rounded_up(
    percentile: float, category: NormalityCategory | None, sentence: str
) -> None:
    assert percentile_text(percentile, category, "exams") == sentence


def test_an_exam_beyond_all_of_the_calibration_is_said_to_be_so() -> None:
    beyond = "more anomalous than each of the 35 normal patients of the calibration."
    assert exam_percentile_text(100 * (1 - 1 / 36), UNUSUAL, 35) == f"Unusual: {beyond}"
    assert exam_percentile_text(100 * (1 - 1 / 36), None, 35) == f"M{beyond[1:]}"
    assert exam_percentile_text(100 * (1 - 2 / 36), UNUSUAL, 35) == "Unusual: more anomalous than 94 % of normal exams."


def test_a_score_is_given_with_its_p_value() -> None:
    assert score_text(10, 1 / 184) == "Score 10 of 10 (p = 0.0054)"
    assert score_text(1, 1.0) == "Score 1 of 10 (p = 1)"


@pytest.mark.parametrize(
    ("share", "meaning"),
    [
        (0.5, "half of normal images have such a spot"),
        (0.05, "one in twenty normal images has such a spot"),
        (0.03, "3 % of normal images have such a spot"),
    ],
)
def test_a_level_means_a_share_of_normal_images(share: float, meaning: str) -> None:
    assert level_text(share) == meaning


def test_a_view_that_is_not_known_is_said_to_be_so() -> None:
    assert view_name("R", "CC") == "R CC"
    assert view_name("L", None) == "L"
    assert view_name(None, None) == "view unknown"


def test_a_patient_without_id_is_called_unknown() -> None:
    assert [patient_text(patient) for patient in ("P1", "")] == ["P1", "patient unknown"]
