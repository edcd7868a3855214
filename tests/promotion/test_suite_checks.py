from __future__ import annotations

import numpy as np
import pytest

from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.suite_checks import check_suite
from mammolens.promotion.trial import Trial
from mammolens.promotion.verdict import Outcome

POLICY = PromotionPolicy(resamples=300)


def a_trial(serving, candidate, patients=60, seed=0):
    """Two models whose planted images score higher by so many standard deviations; noise of their own is small."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=2 * patients)
    plain = np.stack([shared + 0.1 * rng.normal(size=2 * patients) for _ in range(2)])
    planted = plain + np.array([[serving], [candidate]])
    return Trial(np.repeat(np.arange(patients), 2).astype(str), plain, planted, (), 0)


@pytest.mark.parametrize(
    ("serving", "candidate", "seen", "compared"),
    [
        (1.0, 1.0, Outcome.PASSED, Outcome.PASSED),
        (1.0, 2.0, Outcome.PASSED, Outcome.PASSED),
        (1.0, 0.5, Outcome.PASSED, Outcome.FAILED),
        (1.0, 0.0, Outcome.FAILED, Outcome.FAILED),
        (0.0, 0.0, Outcome.FAILED, Outcome.PASSED),  # as blind as the other: refused all the same
    ],
)
def test_a_candidate_must_see_and_see_no_worse(serving, candidate, seen, compared):
    sight, suite = check_suite(a_trial(serving, candidate), POLICY)
    assert (sight.outcome, suite.outcome) == (seen, compared)
    assert sight.low <= sight.figure <= sight.high
    assert suite.patients == 60


def test_with_few_patients_it_cannot_be_told():
    _, suite = check_suite(a_trial(1.0, 0.9, patients=4), POLICY)
    assert suite.outcome is Outcome.UNDECIDED
    assert "more patients would tell" in suite.sentence
