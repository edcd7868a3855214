from __future__ import annotations

import pytest

from mammolens.evaluation.bootstrap import Interval
from mammolens.promotion.gate_result import CheckName, CheckStatus
from mammolens.promotion.non_inferiority import compared, finite


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.02, 0.03, CheckStatus.PASSED),
        (0.01, 0.04, CheckStatus.PASSED),  # certainly worse, but not beyond the margin
        (-0.02, 0.08, CheckStatus.INCONCLUSIVE),  # too few to tell
        (0.01, 0.08, CheckStatus.FAILED),
        (0.10, 0.20, CheckStatus.FAILED),
        (float("nan"), float("nan"), CheckStatus.INCONCLUSIVE),
    ],
)
def test_only_a_loss_that_is_shown_to_lie_within_the_margin_passes(low, high, outcome):
    check = compared(CheckName.DETECTION_LOSS, Interval((low + high) / 2, low, high, 30), 0.05, "AUROC")
    assert check.outcome is outcome
    assert check.limit_high == 0.05
    assert "AUROC" in check.sentence


def test_what_is_undefined_is_none():
    assert finite(float("nan")) is None
    assert finite(0.5) == 0.5
