import pytest

from mammolens.config import CalibrationConfig
from mammolens.evaluation.decision_rule import DecisionRule


def test_the_rule_is_that_of_the_configuration():
    assert DecisionRule.of(CalibrationConfig()) == DecisionRule("conformal", None)
    assert DecisionRule.of(CalibrationConfig(confidence=0.9)) == DecisionRule("conformal", 0.9)
    # A confidence has no part in the original rule.
    assert DecisionRule.of(CalibrationConfig(decision="mean_std", confidence=0.9)) == DecisionRule("mean_std")


@pytest.mark.parametrize(
    ("rule", "flagged_without_reason", "spared_without_reason"),
    [
        (DecisionRule(), True, True),
        (DecisionRule(confidence=0.9), True, False),
        (DecisionRule("mean_std"), False, False),
    ],
)
def test_a_decision_contradicts_the_rule_that_could_not_have_made_it(
    rule, flagged_without_reason, spared_without_reason
):
    assert rule.contradicts(True, 0.2, 0.1) == flagged_without_reason
    assert rule.contradicts(False, 0.05, 0.1) == spared_without_reason
    assert not rule.contradicts(True, 0.05, 0.1)
    assert not rule.contradicts(False, 0.2, 0.1)


@pytest.mark.parametrize("wrong", [{"decision": "guess"}, {"confidence": 1.0}])
def test_a_rule_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=r"decision|confidence"):
        DecisionRule(**wrong)
