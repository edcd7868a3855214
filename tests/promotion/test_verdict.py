from __future__ import annotations

import pytest

from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import ModelError
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.verdict import Check, CheckName, Outcome, Verdict, read_verdict


def verdict(*outcomes):
    checks = tuple(
        Check(name=name, outcome=outcome, sentence=f"{name} said so")
        for name, outcome in zip(CheckName, outcomes, strict=False)
    )
    return Verdict(serving="a-1", candidate="b-2", checks=checks, policy=PromotionPolicy())


@pytest.mark.parametrize(
    ("outcome", "passed"),
    [(Outcome.PASSED, True), (Outcome.NOT_JUDGED, True), (Outcome.FAILED, False), (Outcome.UNDECIDED, False)],
)
def test_what_failed_and_what_cannot_be_told_refuse(outcome, passed):
    assert verdict(Outcome.PASSED, outcome).passed is passed


def test_a_refusal_gives_every_reason():
    refused = verdict(Outcome.UNDECIDED, Outcome.PASSED, Outcome.FAILED)
    assert refused.reason == "refused: held_back_normals said so; uniform_p_values said so"


def test_an_override_promotes_and_keeps_the_gates_reasons():
    overruled = verdict(Outcome.FAILED).overridden("Dr Example", "urgent")
    assert overruled.promotes
    assert not overruled.passed
    assert overruled.reason == ("promoted by Dr Example against the gate (urgent); the gate: held_back_normals said so")


def test_it_is_read_back_as_it_was_written_with_its_notice():
    written = verdict(Outcome.FAILED).overridden("a", "b")
    assert read_verdict(written.to_json(), "file") == written
    assert RESEARCH_USE_ONLY in written.to_json()


def test_what_is_no_verdict_is_told_with_its_file():
    with pytest.raises(ModelError, match="verdict.json: is no verdict"):
        read_verdict("{}", "verdict.json")
