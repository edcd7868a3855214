"""A verdict of the gate as clients see it."""

from __future__ import annotations

from mammolens.labelapp.responses.learning import GateCheck, GateVerdict
from mammolens.promotion.verdict import Check, CheckName, Verdict

_LOSSES = (CheckName.SUITE, CheckName.FINDINGS)  # their figure is what is lost, serving minus candidate


def gate_check(check: Check) -> GateCheck:
    """One check: whether it lets the candidate through, in words, and the figures of both models where it has some."""
    return GateCheck(
        name=check.name,
        passed=check.lets_through,
        outcome=check.outcome,
        sentence=check.sentence,
        candidate=None if check.name in _LOSSES else check.figure,
        serving=check.serving,
        interval=(check.low, check.high) if check.low is not None and check.high is not None else None,
    )


def gate_verdict(verdict: Verdict) -> GateVerdict:
    """All of it; ``against`` is the model that it was judged against."""
    return GateVerdict(
        passed=verdict.passed,
        reason=verdict.reason,
        against=verdict.serving,
        judged_at=verdict.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        checks=[gate_check(check) for check in verdict.checks],
        overridden_by=verdict.override.by if verdict.override else None,
    )
