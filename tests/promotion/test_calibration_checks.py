from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.realised_rate import EvaluatedPatients
from mammolens.config import CalibrationConfig
from mammolens.promotion.calibration_checks import check_held_out, check_rate, check_uniformity
from mammolens.promotion.gate_result import CheckStatus
from mammolens.promotion.paired_scores import ExamPredictions
from mammolens.promotion.policy import PromotionPolicy

POLICY = PromotionPolicy()
EVEN = (np.arange(60) + 1) / 60


def exams(p_values, alpha=0.1, calibration=100):
    return ExamPredictions(p_values, p_values <= alpha, (EvaluatedPatients(len(p_values), calibration),))


@pytest.mark.parametrize(("count", "outcome"), [(19, CheckStatus.INCONCLUSIVE), (20, CheckStatus.PASSED)])
def test_as_many_patients_are_asked_for_as_the_policy_says(count, outcome):
    assert check_held_out(count, POLICY).outcome is outcome


@pytest.mark.parametrize(
    ("p_values", "outcome", "words"),
    [
        (EVEN, CheckStatus.PASSED, "within the band"),
        (EVEN / 4, CheckStatus.FAILED, "above the band"),
        (1 - EVEN / 4, CheckStatus.FAILED, "below the band"),
    ],
)
def test_the_rate_is_held_against_its_band_on_both_sides(p_values, outcome, words):
    check = check_rate(exams(EVEN), exams(p_values, calibration=2000), CalibrationConfig(), POLICY)
    assert check.outcome is outcome
    assert words in check.sentence
    assert check.serving == 0.1


def test_a_rate_that_is_meant_to_lie_below_alpha_may_do_so():
    config = CalibrationConfig(confidence=0.9)
    nobody, many = exams(np.ones(60), calibration=2000), exams(EVEN / 4, calibration=2000)
    assert check_rate(exams(EVEN), nobody, config, POLICY).outcome is CheckStatus.PASSED
    assert check_rate(exams(EVEN), many, config, POLICY).outcome is CheckStatus.FAILED


def test_a_rule_that_promises_no_rate_is_not_judged_by_one():
    config = CalibrationConfig(decision="mean_std", standardise="none")
    check = check_rate(exams(EVEN), exams(EVEN / 4), config, POLICY)
    assert check.outcome is CheckStatus.NOT_TESTED
    assert "does not control the rate" in check.sentence


@pytest.mark.parametrize(
    ("p_values", "words"), [(EVEN**3, "are higher"), (EVEN ** (1 / 3), "are lower"), (np.ones(60), "are lower")]
)
def test_uneven_p_values_fail_with_the_direction_of_the_scores(p_values, words):
    check = check_uniformity(exams(EVEN), exams(p_values), POLICY)
    assert check.outcome is CheckStatus.FAILED
    assert words in check.sentence
    assert check_uniformity(exams(p_values), exams(EVEN), POLICY).outcome is CheckStatus.PASSED
