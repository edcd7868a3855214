from __future__ import annotations

from dataclasses import replace

import pytest

from mammolens.errors import InputError
from mammolens.inference.predictor import Predictor
from mammolens.promotion.gate_result import CheckStatus
from mammolens.promotion.paired_scores import ModelPair
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.sentinel_check import check_sentinels


@pytest.fixture
def sentinels(phantoms):
    """The two abnormal exams and a normal one."""
    wanted = ("PHANTOM-16", "PHANTOM-17", "PHANTOM-0")
    return [case for case in phantoms.cases if case.patient_id in wanted]


def check(serving, candidate, cases, on_error=pytest.fail, **policy):
    models = ModelPair(Predictor.load(serving), Predictor.load(candidate))
    return check_sentinels(models, cases, PromotionPolicy(**policy), on_error, lambda: None)


def test_the_same_model_loses_none(a_seeing_model, sentinels):
    found = check(a_seeing_model, a_seeing_model, sentinels)
    assert found.outcome is CheckStatus.PASSED
    assert (found.figure, found.patients) == (0.0, 3)


def test_a_lost_sentinel_refuses_by_its_number_and_names_nobody(miscalibrated, sentinels):
    flags_all, flags_none = miscalibrated(-20.0), miscalibrated(20.0)
    found = check(flags_all, flags_none, sentinels)
    assert found.outcome is CheckStatus.FAILED
    assert found.figure == pytest.approx(2 / 3)  # the normal one was flagged before, so it is not lost
    assert found.low < found.figure < found.high
    assert "2 of 3 sentinel exams" in found.sentence
    assert "numbers 2, 3" in found.sentence
    assert "PHANTOM" not in found.sentence


def test_as_many_may_be_lost_as_the_policy_says(miscalibrated, sentinels):
    found = check(miscalibrated(-20.0), miscalibrated(20.0), sentinels, max_failed_sentinels=2)
    assert found.outcome is CheckStatus.PASSED


def test_where_a_site_has_chosen_none_there_is_no_check(a_seeing_model):
    assert check(a_seeing_model, a_seeing_model, []) is None


def test_sentinels_without_a_truth_are_undecided(a_seeing_model, sentinels):
    unknown = [replace(case, abnormal=None) for case in sentinels]
    found = check(a_seeing_model, a_seeing_model, unknown)
    assert found.outcome is CheckStatus.INCONCLUSIVE
    assert f"none of {len(unknown)} sentinel images" in found.sentence


def test_sentinels_that_cannot_be_read_are_undecided_and_told_once(a_seeing_model, sentinels, tmp_path):
    told = []
    (damaged := tmp_path / "damaged.dcm").write_bytes(b"no image")
    one = replace(sentinels[0], path=damaged)
    found = check(a_seeing_model, a_seeing_model, [one], told.append)
    assert (found.outcome, len(told)) == (CheckStatus.INCONCLUSIVE, 1)
    found = check(a_seeing_model, a_seeing_model, [*sentinels[1:], one], told.append)
    assert (found.outcome, found.figure) == (CheckStatus.INCONCLUSIVE, 0.0)
    assert f"1 of {len(sentinels)} sentinel images could not be scored" in found.sentence


def test_an_exam_that_the_candidate_cannot_assess_is_lost(miscalibrated, sentinels, monkeypatch):
    def refuse(mammogram):
        raise InputError(mammogram.header.path, "is refused", "none")

    flags_all = miscalibrated(-20.0)
    models = ModelPair(Predictor.load(flags_all), Predictor.load(flags_all))
    monkeypatch.setattr(models.candidate, "analyse", refuse)
    told = []
    found = check_sentinels(models, sentinels, PromotionPolicy(), told.append, lambda: None)
    assert found.outcome is CheckStatus.FAILED
    assert "2 of 3 sentinel exams" in found.sentence
    assert len(told) == len(sentinels)
