from __future__ import annotations

import numpy as np
import pytest

from mammolens.promotion.gate_result import CheckStatus
from mammolens.promotion.paired_scores import PairedScores
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.synthetic_lesion_checks import check_synthetic_lesions

POLICY = PromotionPolicy(resamples=300)


def a_trial(serving, candidate, patients=60, seed=0):
    """Two models whose with_lesion images score higher by so many standard deviations; noise of their own is small."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=2 * patients)
    plain = np.stack([shared + 0.1 * rng.normal(size=2 * patients) for _ in range(2)])
    with_lesion = plain + np.array([[serving], [candidate]])
    return PairedScores(np.repeat(np.arange(patients), 2).astype(str), plain, with_lesion, (), 0)


@pytest.mark.parametrize(
    ("serving", "candidate", "seen", "compared"),
    [
        (1.0, 1.0, CheckStatus.PASSED, CheckStatus.PASSED),
        (1.0, 2.0, CheckStatus.PASSED, CheckStatus.PASSED),
        (1.0, 0.5, CheckStatus.PASSED, CheckStatus.FAILED),
        (1.0, 0.0, CheckStatus.FAILED, CheckStatus.FAILED),
        (0.0, 0.0, CheckStatus.FAILED, CheckStatus.PASSED),  # as blind as the other: refused all the same
    ],
)
def test_a_candidate_must_see_and_see_no_worse(serving, candidate, seen, compared):
    sight, suite = check_synthetic_lesions(a_trial(serving, candidate), POLICY)
    assert (sight.outcome, suite.outcome) == (seen, compared)
    assert sight.low <= sight.figure <= sight.high
    assert suite.patients == 60


def test_with_few_patients_it_cannot_be_told():
    _, suite = check_synthetic_lesions(a_trial(1.0, 0.9, patients=4), POLICY)
    assert suite.outcome is CheckStatus.INCONCLUSIVE
    assert "more patients are needed" in suite.sentence
