import pytest

from mammolens.enums import Laterality
from mammolens.inference.predictor import Predictor
from mammolens.types import Mammogram


def test_an_exam_analysed_by_its_scores_alone_gets_the_numbers_of_its_records(
    a_predictor: Predictor, an_exam: list[Mammogram]
) -> None:
    record = a_predictor.predict_exam(an_exam)[0].record
    analysed = a_predictor.infer_exam([a_predictor.score(mammogram) for mammogram in an_exam])
    assert analysed.p_value == record.exam_p_value
    assert analysed.calibration_patients == record.exam_calibration_patients
    assert analysed.percentile == record.exam_percentile
    assert analysed.is_anomalous == record.exam_is_anomalous
    assert analysed.asymmetry == record.asymmetry
    assert analysed.asymmetry_p_value == record.asymmetry_p_value


def test_a_breast_is_set_against_normal_breasts(a_predictor: Predictor, an_exam: list[Mammogram]) -> None:
    scores = [a_predictor.score(mammogram) for mammogram in an_exam]
    whole = a_predictor.infer_exam(scores)
    for side in Laterality:
        alone = a_predictor.infer_exam([score for score in scores if score.header.laterality is side])
        assert whole.breasts[side].p_value == pytest.approx(alone.p_value)
        assert (whole.breasts[side].decile, whole.breasts[side].category) == (alone.decile, alone.category)
