from __future__ import annotations

import numpy as np
import pytest

from mammolens.errors import ConfigError
from mammolens.evaluation.policy_page import policy_page, policy_rows
from mammolens.evaluation.reading_policy import ReadingPolicy, Screening, simulate, simulate_shares
from mammolens.evaluation.score_evaluation import SET_ASIDE, evaluate_scores
from mammolens.evaluation.scored import Columns, fused

PERFECT = Screening(sensitivity=1.0, specificity=1.0)


@pytest.fixture(scope="module")
def ten_and_ten() -> Columns:
    """Ten normal exams that score 0 to 9, ten abnormal ones that score 0.5 to 9.5, of as many patients."""
    scores = np.concatenate([np.arange(10.0), np.arange(10) + 0.5])
    patients = np.array([f"p{number}" for number in range(20)])
    return Columns(patients=patients, abnormal=np.arange(20) >= 10, scores=scores)


def test_it_reproduces_the_triage_of_an_evaluation(images_of_two_sites):
    evaluation = evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=200, seed=3)
    exams = fused(images_of_two_sites, "exam", evaluation.fusion)
    policy = ReadingPolicy(high_share=0.0, low_readings=0)
    found = simulate_shares(exams, policy, Screening(), SET_ASIDE, n_bootstrap=200, seed=3)
    for point, one in zip(evaluation.triage, found, strict=True):
        for bound in ("value", "low", "high"):
            assert getattr(one.low_abnormal, bound) == pytest.approx(getattr(point.missed, bound))
        lost = 1 - one.cancers.policy.value / one.cancers.today
        assert lost == pytest.approx(point.missed.value)


def test_readings_cancers_and_false_recalls_are_counted_per_band(ten_and_ten):
    policy = ReadingPolicy(low_share=0.3, high_share=0.2)
    screening = Screening(sensitivity=0.8, specificity=0.9, prevalence=0.01)
    found = simulate(ten_and_ten, policy, screening, n_bootstrap=50)
    # Normals 0, 1, 2 and abnormals 0.5, 1.5 score low; normals 8, 9 and abnormals 7.5, 8.5, 9.5 score high.
    assert (found.low_abnormal.value, found.high_abnormal.value) == pytest.approx((0.2, 0.3))
    normal, abnormal = 0.3 * 1 + 0.5 * 2 + 0.2 * 3, 0.2 * 1 + 0.5 * 2 + 0.3 * 3
    assert found.readings.policy.value == pytest.approx(990 * normal + 10 * abnormal)
    assert found.readings.today == pytest.approx(2000)
    detected = 0.2 * 0.8 + 0.5 * (1 - 0.2**2) + 0.3 * (1 - 0.2**3)
    assert found.cancers.policy.value == pytest.approx(10 * detected)
    assert found.cancers.today == pytest.approx(10 * (1 - 0.2**2))
    recalled = 0.3 * 0.1 + 0.5 * (1 - 0.9**2) + 0.2 * (1 - 0.9**3)
    assert found.false_recalls.policy.value == pytest.approx(990 * recalled)
    assert found.cancers.difference.value == pytest.approx(found.cancers.policy.value - found.cancers.today)
    assert found.cancers.difference.low <= found.cancers.difference.value <= found.cancers.difference.high


def test_a_policy_that_changes_nothing_differs_by_nothing(ten_and_ten):
    found = simulate(ten_and_ten, ReadingPolicy(low_readings=2, high_readings=2), Screening(), n_bootstrap=20)
    for consequence in (found.readings, found.cancers, found.false_recalls):
        assert consequence.difference.low == pytest.approx(0, abs=1e-9)
        assert consequence.difference.high == pytest.approx(0, abs=1e-9)


def test_perfect_readers_lose_only_what_nobody_reads(ten_and_ten):
    once = simulate(ten_and_ten, ReadingPolicy(), PERFECT, n_bootstrap=20)
    assert once.cancers.difference.value == pytest.approx(0)
    never = simulate(ten_and_ten, ReadingPolicy(low_readings=0), PERFECT, n_bootstrap=20)
    assert never.cancers.policy.value == pytest.approx(never.cancers.today * (1 - never.low_abnormal.value))


@pytest.mark.parametrize("shares", [(0.7, 0.4), (-0.1, 0.1), (0.1, 1.1)])
def test_shares_that_overlap_are_refused(shares):
    with pytest.raises(ConfigError, match="give shares"):
        ReadingPolicy(*shares)


def test_the_page_stands_alone_and_names_its_assumptions(images_of_two_sites):
    exams = fused(images_of_two_sites, "exam")
    policy = ReadingPolicy()
    simulation = simulate(exams, policy, Screening(), n_bootstrap=50)
    others = simulate_shares(exams, policy, Screening(), (0.1, 0.5, 0.97), n_bootstrap=50)
    assert [one.policy.low_share for one in others] == [0.1, 0.5]
    page = policy_page(simulation, others, title="<data>", model="model-1")
    assert "Research use only, not a medical device" in page
    assert "&lt;data&gt;" in page
    assert "People read independently" in page
    assert "The 30 % lowest-scoring exams get one reading" in page
    assert 'src="http' not in page
    for row in policy_rows(simulation):
        assert all(cell in page for cell in row)
