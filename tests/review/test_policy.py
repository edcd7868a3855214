from __future__ import annotations

import pytest

from mammolens.enums import Verdict
from mammolens.review.policy import PolicyName, latest, policy_of, two_readers

from .conftest import decision

NORMAL, FINDING, POOR = Verdict.NORMAL, Verdict.FINDING, Verdict.POOR_QUALITY


def said(*verdicts):
    return [decision(reviewer=reviewer, verdict=verdict) for reviewer, verdict in verdicts]


@pytest.mark.parametrize(
    ("verdicts", "last", "consensus"),
    [
        ([], None, None),
        ([("anna", NORMAL)], NORMAL, None),
        ([("anna", NORMAL), ("anna", NORMAL)], NORMAL, None),
        ([("anna", NORMAL), ("berta", NORMAL)], NORMAL, NORMAL),
        ([("anna", NORMAL), ("berta", FINDING)], FINDING, None),
        ([("anna", FINDING), ("berta", NORMAL), ("anna", NORMAL)], NORMAL, NORMAL),
        ([("anna", NORMAL), ("berta", NORMAL), ("carla", POOR)], POOR, None),
    ],
)
def test_who_said_what_and_what_counts(verdicts, last, consensus):
    assert latest(said(*verdicts)) is last
    assert two_readers(said(*verdicts)) is consensus


def test_a_setting_names_each_policy():
    assert [policy_of(name) for name in PolicyName] == [latest, two_readers]
