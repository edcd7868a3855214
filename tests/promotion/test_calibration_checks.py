from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.calibration.realised_rate import EvaluatedPatients
from mammolens.config import CalibrationConfig
from mammolens.promotion.calibration_checks import check_held_out, check_rate, check_uniformity
from mammolens.promotion.gate_result import CheckStatus
from mammolens.promotion.paired_scores import ExamPredictions
from mammolens.promotion.policy import PromotionPolicy

POLICY = PromotionPolicy()
EVEN = (np.arange(60) + 1) / 60


NOMINAL = CalibrationConfig()


def calibration(patients=2000, config=NOMINAL):
    images = [
        NormalImage(patient=n, view="CC", acquisition_group=None, raw_score=float(n), pred_score=float(n), map_peak=1.0)
        for n in range(patients)
    ]
    exams = [
        NormalExam(patient=n, acquisition_group=None, exam_score=float(n), asymmetry=None) for n in range(patients)
    ]
    return Calibration(tuple(images), tuple(exams), config)


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
    check = check_rate(exams(EVEN), exams(p_values, calibration=2000), calibration(), POLICY)
    assert check.outcome is outcome
    assert words in check.sentence
    assert check.serving == 0.1


def test_a_rate_that_is_meant_to_lie_below_alpha_may_do_so():
    confident = calibration(config=CalibrationConfig(confidence=0.9))
    nobody, many = exams(np.ones(60), calibration=2000), exams(EVEN / 4, calibration=2000)
    assert check_rate(exams(EVEN), nobody, confident, POLICY).outcome is CheckStatus.PASSED
    assert check_rate(exams(EVEN), many, confident, POLICY).outcome is CheckStatus.FAILED


def test_a_rule_that_promises_no_rate_is_not_assessed_by_one():
    original = calibration(2, CalibrationConfig(decision="mean_std", standardise="none"))
    check = check_rate(exams(EVEN), exams(EVEN / 4), original, POLICY)
    assert check.outcome is CheckStatus.NOT_TESTED
    assert "does not control the rate" in check.sentence


@pytest.mark.parametrize(("patients", "confidence", "needed"), [(8, None, 9), (21, 0.9, 22)])
def test_a_candidate_that_can_flag_nobody_fails_though_a_rate_of_zero_fits_its_band(patients, confidence, needed):
    candidate = exams(np.ones(60), calibration=patients)
    config = CalibrationConfig(confidence=confidence)
    check = check_rate(exams(EVEN), candidate, calibration(patients, config), POLICY)
    assert check.outcome is CheckStatus.FAILED
    assert f"cannot flag any exam: it is calibrated on {patients} of the {needed} normal patients" in check.sentence
    enough = calibration(needed, config)
    assert "cannot flag" not in check_rate(exams(EVEN), candidate, enough, POLICY).sentence


@pytest.mark.parametrize(
    ("p_values", "words"), [(EVEN**3, "are higher"), (EVEN ** (1 / 3), "are lower"), (np.ones(60), "are lower")]
)
def test_uneven_p_values_fail_with_the_direction_of_the_scores(p_values, words):
    check = check_uniformity(exams(EVEN), exams(p_values), POLICY)
    assert check.outcome is CheckStatus.FAILED
    assert words in check.sentence
    assert check_uniformity(exams(p_values), exams(EVEN), POLICY).outcome is CheckStatus.PASSED
