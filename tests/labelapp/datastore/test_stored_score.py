import pytest

from mammolens.enums import Laterality
from mammolens.errors import PixelDataError
from mammolens.labelapp.datastore.stored_score import StoredScore, failed, failure_as_info, is_processed


def test_a_score_survives_the_way_through_an_images_info() -> None:
    score = StoredScore(0.25, 0.001, 0.04, "m-1", "cal-1", Laterality.LEFT, software_versions="2.1")
    assert StoredScore.of(score.as_info()) == score
    assert score.as_info()["percentile"] == pytest.approx(96)
    assert score.as_info()["first_scored"] > 1.7e9


@pytest.mark.parametrize(
    "info",
    [{}, {"pred_score": "high", "p_value": 1, "model": "m"}, {"pred_score": None, "p_value": None, "model": "m"}],
)
def test_half_a_score_is_none(info: dict[str, object]) -> None:
    assert StoredScore.of(info) is None


def test_a_failure_wipes_out_an_older_score_and_a_score_an_older_failure() -> None:
    info = StoredScore(0.25, 0.001, 0.04, "m-1", "cal-1").as_info()
    info |= failure_as_info(PixelDataError("x.dcm", "damaged", "export again"), "m-2")
    assert failed(info)
    assert StoredScore.of(info) is None
    assert info["score_error"] == "x.dcm: damaged; export again"
    info |= StoredScore(0.1, 0.002, 0.5, "m-2", "cal-1").as_info()
    assert not failed(info)


def test_a_score_counts_for_its_model_and_calibration_only_a_failure_for_any_calibration() -> None:
    info = StoredScore(0.25, 0.001, 0.04, "m-1", "cal-1").as_info()
    assert is_processed(info, "m-1", "cal-1")
    assert not is_processed(info, "m-2", "cal-1")
    assert not is_processed(info, "m-1", "cal-2")
    info |= failure_as_info(PixelDataError("x.dcm", "damaged", "export again"), "m-1")
    assert is_processed(info, "m-1", "cal-2")
    assert not is_processed(info, "m-2", "cal-2")
