from __future__ import annotations

import pytest

from mammolens.inference.predictor import Predictor
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.sentinel_check import check_sentinels
from mammolens.promotion.trial import Pair
from mammolens.promotion.verdict import Outcome


@pytest.fixture
def sentinels(phantoms):
    """The two abnormal exams and a normal one."""
    wanted = ("PHANTOM-16", "PHANTOM-17", "PHANTOM-0")
    return [case for case in phantoms.cases if case.patient_id in wanted]


def check(serving, candidate, cases, **policy):
    models = Pair(Predictor.load(serving), Predictor.load(candidate))
    return check_sentinels(models, cases, PromotionPolicy(**policy), pytest.fail, lambda: None)


def test_the_same_model_loses_none(a_seeing_model, sentinels):
    found = check(a_seeing_model, a_seeing_model, sentinels)
    assert found.outcome is Outcome.PASSED
    assert (found.figure, found.patients) == (0.0, 3)


def test_a_lost_sentinel_refuses_by_its_number_and_names_nobody(miscalibrated, sentinels):
    flags_all, flags_none = miscalibrated(-20.0), miscalibrated(20.0)
    found = check(flags_all, flags_none, sentinels)
    assert found.outcome is Outcome.FAILED
    assert found.figure == pytest.approx(2 / 3)  # the normal one was flagged before, so it is not lost
    assert found.low < found.figure < found.high
    assert "2 of 3 sentinel exams" in found.sentence
    assert "in their order: 2, 3" in found.sentence
    assert "PHANTOM" not in found.sentence


def test_as_many_may_be_lost_as_the_policy_says(miscalibrated, sentinels):
    found = check(miscalibrated(-20.0), miscalibrated(20.0), sentinels, sentinels_may_fail=2)
    assert found.outcome is Outcome.PASSED


def test_without_a_truth_there_is_no_check(a_seeing_model):
    assert check(a_seeing_model, a_seeing_model, []) is None
