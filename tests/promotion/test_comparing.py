from __future__ import annotations

import pytest

from mammolens.evaluation.bootstrap import Interval
from mammolens.promotion.comparing import compared, finite
from mammolens.promotion.verdict import CheckName, Outcome


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.02, 0.03, Outcome.PASSED),
        (0.01, 0.04, Outcome.PASSED),  # certainly worse, but not beyond the margin
        (-0.02, 0.08, Outcome.UNDECIDED),  # too few to tell
        (0.01, 0.08, Outcome.FAILED),
        (0.10, 0.20, Outcome.FAILED),
        (float("nan"), float("nan"), Outcome.UNDECIDED),
    ],
)
def test_only_a_loss_that_is_shown_to_lie_within_the_margin_passes(low, high, outcome):
    check = compared(CheckName.SUITE, Interval((low + high) / 2, low, high, 30), 0.05, "AUROC")
    assert check.outcome is outcome
    assert check.limit_high == 0.05
    assert "AUROC" in check.sentence


def test_what_is_undefined_is_none():
    assert finite(float("nan")) is None
    assert finite(0.5) == 0.5
