from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from mammolens.config import MEANS
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.false_positive_control import binomial_band, false_positive_control


def test_the_band_is_the_binomials_with_patients_as_trials():
    low, high = binomial_band(0.1, 50)
    counts = np.arange(51)
    inside = (counts >= low * 50) & (counts <= high * 50)
    assert binom.pmf(counts[inside], 50, 0.1).sum() >= 0.95
    assert (round(low * 50), round(high * 50)) == (1, 9)


def test_an_exact_promise_lies_within_its_band_about_as_often_as_said():
    rng = np.random.default_rng(0)
    low, high = binomial_band(0.1, 200)
    realised = rng.binomial(200, 0.1, 4000) / 200
    assert 0.94 < ((realised >= low) & (realised <= high)).mean() < 0.98


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


def test_a_rule_that_promises_no_rate_is_not_judged(images_with_everything):
    assert not list(false_positive_control(images_with_everything, 0.1, MEANS, DecisionRule("mean_std")))


def test_a_confident_promise_is_kept_by_any_lower_rate(images_with_everything):
    none_flagged = [replace(image, is_anomalous=False) for image in images_with_everything]
    confident = next(false_positive_control(none_flagged, 0.1, MEANS, DecisionRule(confidence=0.9)))
    on_average = next(false_positive_control(none_flagged, 0.1, MEANS, DecisionRule()))
    assert (confident.within_band, on_average.within_band) == (True, False)
    assert confident.high == on_average.high
