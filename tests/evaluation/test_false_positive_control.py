from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.realised_rate import EvaluatedPatients
from mammolens.config import MEANS, CalibrationConfig
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.false_positive_control import evaluated_patients, false_positive_control
from mammolens.promotion.calibration_checks import check_rate
from mammolens.promotion.gate_result import CheckStatus
from mammolens.promotion.paired_scores import ExamPredictions
from mammolens.promotion.policy import PromotionPolicy


@pytest.fixture
def found(images_with_everything):
    return {
        (one.unit, one.group): one for one in false_positive_control(images_with_everything, 0.1, MEANS, DecisionRule())
    }


def test_images_and_exams_are_checked_overall_by_site_and_by_machine(found, images_with_everything):
    groups = ["all", "site 1", "site 2", "machine m1", "machine m2"]
    assert list(found) == [("image", group) for group in groups] + [("exam", group) for group in groups]
    flagged = [image.is_anomalous for image in images_with_everything if not image.abnormal]
    assert found["image", "all"].realised == np.mean(flagged)
    assert (found["image", "all"].patients, found["image", "all"].count) == (60, 120)
    exams = {image.exam_id: image.exam_is_anomalous for image in images_with_everything if not image.abnormal}
    assert found["exam", "all"].realised == np.mean(list(exams.values()))
    assert found["exam", "all"].count == 60


@pytest.mark.parametrize("confidence", [None, 0.9])
def test_the_band_is_that_of_the_gate(images_with_everything, confidence):
    normals = [image for image in images_with_everything if not image.abnormal]
    first = list({image.patient_id: image for image in reversed(normals)}.values())
    evaluated = evaluated_patients(normals)
    assert evaluated == (EvaluatedPatients(60, 199),)
    p_values = np.array([image.exam_p_value for image in first])
    flagged = np.array([image.exam_is_anomalous for image in first])
    exams, config = ExamPredictions(p_values, flagged, evaluated), CalibrationConfig(alpha=0.1, confidence=confidence)
    calibration = cast(Calibration, SimpleNamespace(config=config, cannot_flag=None))
    check = check_rate(exams, exams, calibration, PromotionPolicy())
    told = false_positive_control(normals, 0.1, MEANS, DecisionRule(confidence=confidence))
    of_exams = next(one for one in told if one.unit == "exam")
    assert (of_exams.low, of_exams.high) == (check.limit_low, check.limit_high)
    assert (of_exams.realised, of_exams.within_band) == (check.figure, check.outcome is CheckStatus.PASSED)


def test_patients_of_different_calibrations_are_told_apart(images_with_everything):
    normals = [
        replace(image, calibration_patients=40 if image.site == "1" else None)
        for image in images_with_everything
        if not image.abnormal
    ]
    assert set(evaluated_patients(normals)) == {EvaluatedPatients(20, None), EvaluatedPatients(40, 40)}


def test_a_rate_beyond_the_band_is_a_broken_promise(images_with_everything):
    all_flagged = [replace(image, is_anomalous=True) for image in images_with_everything]
    broken = next(false_positive_control(all_flagged, 0.1, MEANS, DecisionRule()))
    assert not broken.within_band
    assert broken.realised == 1


def test_a_group_without_normals_makes_no_promise(images_with_everything):
    ill = [replace(image, abnormal=True) if image.site == "2" else image for image in images_with_everything]
    assert {one.group for one in false_positive_control(ill, 0.1, MEANS, DecisionRule())} == {
        "all",
        "site 1",
        "machine m1",
    }


def test_a_rule_that_promises_no_rate_is_not_assessed(images_with_everything):
    assert not list(false_positive_control(images_with_everything, 0.1, MEANS, DecisionRule("mean_std")))


def test_a_confident_promise_is_kept_by_any_lower_rate(images_with_everything):
    none_flagged = [replace(image, is_anomalous=False) for image in images_with_everything]
    confident = next(false_positive_control(none_flagged, 0.1, MEANS, DecisionRule(confidence=0.9)))
    on_average = next(false_positive_control(none_flagged, 0.1, MEANS, DecisionRule()))
    assert (confident.within_band, on_average.within_band) == (True, False)
    assert confident.low == 0 < on_average.low
