"""A verdict of the gate as clients see it."""

from __future__ import annotations

from typing import Any

from mammolens.promotion.verdict import Check, CheckName, Verdict

_LOSSES = (CheckName.SUITE, CheckName.FINDINGS)  # their figure is what is lost, serving minus candidate


def check_as_json(check: Check) -> dict[str, Any]:
    """One check: whether it lets the candidate through, in words, and the figures of both models where it has some."""
    known = check.low is not None and check.high is not None
    return {
        "name": check.name.value,
        "passed": check.lets_through,
        "outcome": check.outcome.value,
        "sentence": check.sentence,
        "candidate": None if check.name in _LOSSES else check.figure,
        "serving": check.serving,
        "interval": [check.low, check.high] if known else None,
    }


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """All of it; ``against`` is the model that it was judged against."""
    return {
        "passed": verdict.passed,
        "reason": verdict.reason,
        "against": verdict.serving,
        "judged_at": verdict.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "checks": [check_as_json(check) for check in verdict.checks],
        "overridden_by": verdict.override.by if verdict.override else None,
    }
