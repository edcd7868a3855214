from __future__ import annotations

import pytest

from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import ModelError
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus, GateResult, read_gate_result
from mammolens.promotion.policy import PromotionPolicy


def gate_result(*outcomes):
    checks = tuple(
        CheckResult(name=name, outcome=outcome, sentence=f"{name} said so")
        for name, outcome in zip(CheckName, outcomes, strict=False)
    )
    return GateResult(serving="a-1", candidate="b-2", checks=checks, policy=PromotionPolicy())


@pytest.mark.parametrize(
    ("outcome", "passed"),
    [
        (CheckStatus.PASSED, True),
        (CheckStatus.NOT_TESTED, True),
        (CheckStatus.FAILED, False),
        (CheckStatus.INCONCLUSIVE, False),
    ],
)
def test_what_failed_and_what_cannot_be_told_refuse(outcome, passed):
    assert gate_result(CheckStatus.PASSED, outcome).passed is passed


def test_a_refusal_gives_every_reason():
    refused = gate_result(CheckStatus.INCONCLUSIVE, CheckStatus.PASSED, CheckStatus.FAILED)
    assert refused.reason == "rejected: held_out_normals said so; uniform_p_values said so"


def test_an_override_promotes_and_keeps_the_gates_reasons():
    overruled = gate_result(CheckStatus.FAILED).overridden("Dr Example", "urgent")
    assert overruled.promotes
    assert not overruled.passed
    assert overruled.reason == ("promoted by Dr Example against the gate (urgent); the gate: held_out_normals said so")


def test_it_is_read_back_as_it_was_written_with_its_notice():
    written = gate_result(CheckStatus.FAILED).overridden("a", "b")
    assert read_gate_result(written.to_json(), "file") == written
    assert RESEARCH_USE_ONLY in written.to_json()


def test_what_is_no_verdict_is_told_with_its_file():
    with pytest.raises(ModelError, match="gate_result.json: is not a gate result"):
        read_gate_result("{}", "gate_result.json")
