import pytest

from mammolens.inference.exam_text import exam_percentile_text, level_text, patient_text, percentile_text, view_name


@pytest.mark.parametrize(
    ("percentile", "sentence"),
    [
        (99.96, "More anomalous than 99 % of normal exams."),
        (97.0, "More anomalous than 97 % of normal exams."),
        (90.0, "More anomalous than 90 % of normal exams."),
        (89.99, "Within the normal range: rank 89 of 100 normal exams."),
        (0.0, "Within the normal range: rank 1 of 100 normal exams."),
    ],
)
def test_only_a_high_standing_is_called_anomalous_and_none_is_rounded_up(percentile: float, sentence: str) -> None:
    assert percentile_text(percentile, "exams") == sentence


def test_an_exam_beyond_all_of_the_calibration_is_said_to_be_so() -> None:
    beyond = "More anomalous than each of the 35 normal patients of the calibration."
    assert exam_percentile_text(100 * (1 - 1 / 36), 35) == beyond
    assert exam_percentile_text(100 * (1 - 2 / 36), 35) == "More anomalous than 94 % of normal exams."
    assert exam_percentile_text(100 * (1 - 1 / 36), 36) == "More anomalous than 97 % of normal exams."


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
