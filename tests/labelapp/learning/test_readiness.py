from __future__ import annotations

from collections.abc import Callable

import pytest

from mammolens.enums import Verdict
from mammolens.labelapp.exams.decisions import NewDecision
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.readiness import Readiness
from mammolens.labelapp.learning.training_data import TrainingData
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ServerSettings
from mammolens.promotion.policy import PromotionPolicy

TRAIN, RECALIBRATE = LearningKind.TRAIN, LearningKind.RECALIBRATE


@pytest.fixture
def readiness_of(a_site: TrainingData, a_site_serving: ServingModel) -> Callable[[int], Readiness]:
    """What is missing at the site of sixteen accepted patients, where the gate takes so many that are held out."""

    def make(gate: int) -> Readiness:
        settings = ServerSettings(held_out_share=0.4, gate_policy=PromotionPolicy(min_patients=gate))
        return Readiness(a_site.exams, a_site.decisions, a_site_serving, settings)

    return make


def test_held_out_patients_that_the_gate_takes_are_missed_beforehand(readiness_of: Callable[[int], Readiness]) -> None:
    missing = readiness_of(20).missing()
    for kind in (TRAIN, RECALIBRATE):
        assert "of the 20 held-out normal patients that the gate requires" in missing[kind]
        assert missing[kind].endswith("; confirm normal exams of more patients")


def test_nothing_is_missing_for_a_recalibration_of_enough_patients(readiness_of: Callable[[int], Readiness]) -> None:
    assert RECALIBRATE not in readiness_of(2).missing()


def test_what_is_missing_follows_the_decisions(readiness_of: Callable[[int], Readiness], a_site: TrainingData) -> None:
    readiness = readiness_of(2)
    assert readiness.missing() is readiness.missing()
    first, *others = a_site.exams.all().values()
    for exam in others:
        a_site.decisions.record(exam, NewDecision(Verdict.POOR_QUALITY, "anna"))
    assert "too few are left for training" in readiness.missing()[TRAIN]
    a_site.decisions.record(first, NewDecision(Verdict.POOR_QUALITY, "anna"))
    assert readiness.missing() == dict.fromkeys(
        (TRAIN, RECALIBRATE), "no exam is confirmed as normal; confirm normal exams of several patients"
    )
