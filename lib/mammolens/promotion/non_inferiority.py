"""Non-inferiority: compare a loss with a margin."""

from __future__ import annotations

import math

from mammolens.evaluation.bootstrap import Interval
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus


def compared(name: CheckName, loss: Interval, margin: float, what: str) -> CheckResult:
    """Test a loss, model in use minus candidate, by its interval.

    Passed where the whole interval lies below the margin (non-inferiority); failed where the loss is certain or the
    whole interval lies beyond; inconclusive if there are too few images for either.

    Args:
        name: of the check.
        loss: paired, over patients.
        margin: that may be lost.
        what: the figure in words.
    """
    summary = f"{what}: loss {loss.value:+.3f} [{loss.low:+.3f}, {loss.high:+.3f}], margin {margin:.2f}"
    if loss.high <= margin:
        outcome, sentence = CheckStatus.PASSED, f"not worse: {summary}"
    elif loss.low > 0:
        outcome, sentence = CheckStatus.FAILED, f"worse than the model in use: {summary}"
    else:
        outcome, sentence = CheckStatus.INCONCLUSIVE, f"inconclusive, more patients are needed: {summary}"
    return CheckResult(
        name=name,
        outcome=outcome,
        sentence=sentence,
        figure=finite(loss.value),
        low=finite(loss.low),
        high=finite(loss.high),
        limit_high=margin,
        patients=loss.n_patients,
    )


def finite(value: float) -> float | None:
    """The value, ``None`` where it is undefined: JSON knows no NaN."""
    return value if math.isfinite(value) else None
