"""A check of the gate as clients see it."""

import pytest

from mammolens.labelapp.learning.model_versions import gate_check
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus


@pytest.mark.parametrize(
    ("name", "figures", "told"),
    [
        (CheckName.HELD_OUT, {"figure": 126.0}, ("126", "")),
        (CheckName.RATE, {"figure": 0.125, "serving": 0.083}, ("12 %", "8 %")),
        (CheckName.DETECTION, {"figure": 0.4567, "serving": 0.5}, ("0.457", "0.500")),
        (
            CheckName.DETECTION_LOSS,
            {"figure": 0.01, "low": -0.011, "high": 0.03, "serving": 0.5},
            ("-0.01 to 0.03", "0.500"),
        ),
        (CheckName.FINDINGS, {}, ("", "")),
    ],
)
def test_figures_are_told_as_a_person_reads_them(
    name: CheckName, figures: dict[str, float], told: tuple[str, str]
) -> None:
    check = gate_check(CheckResult(name=name, outcome=CheckStatus.PASSED, sentence="so it is", **figures))
    assert (check.candidate_text, check.serving_text) == told


@pytest.mark.parametrize("name", CheckName)
def test_each_check_has_a_label(name: CheckName) -> None:
    assert gate_check(CheckResult(name=name, outcome=CheckStatus.PASSED, sentence="so it is")).label
