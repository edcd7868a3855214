import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from mammolens.evaluation import metrics

CASES = [(seed, decimals) for seed in range(8) for decimals in (0, 1, 8)]  # few decimals make ties


def a_sample(seed, decimals):
    rng = np.random.default_rng(seed)
    abnormal = rng.random(60) < 0.4
    scores = np.round(rng.normal(abnormal * 0.7, 1), decimals)
    return abnormal, scores, rng.integers(0, 4, (5, 60))


@pytest.mark.parametrize(("seed", "decimals"), CASES)
@pytest.mark.parametrize(("ours", "theirs"), [(metrics.auroc, roc_auc_score), (metrics.auprc, average_precision_score)])
def test_areas_agree_with_scikit_learn_with_and_without_weights(ours, theirs, seed, decimals):
    abnormal, scores, weights = a_sample(seed, decimals)
    assert float(ours(abnormal, scores)) == pytest.approx(theirs(abnormal, scores))
    wanted = [theirs(abnormal, scores, sample_weight=row) for row in weights]
    assert ours(abnormal, scores, weights) == pytest.approx(np.array(wanted))


@pytest.mark.parametrize(("seed", "decimals"), CASES)
@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95, 1.0])
def test_sensitivity_is_the_best_that_keeps_the_specificity_on_scikit_learns_curve(seed, decimals, specificity):
    abnormal, scores, weights = a_sample(seed, decimals)
    found = metrics.sensitivity_at_specificity(abnormal, scores, specificity, weights)
    for row, sensitivity in zip(weights, found, strict=True):
        false, true, _ = roc_curve(abnormal, scores, sample_weight=row, drop_intermediate=False)
        assert sensitivity == pytest.approx(true[false <= 1 - specificity + 1e-9].max())


def test_a_row_of_weights_is_worth_that_many_copies():
    abnormal, scores, weights = a_sample(3, 1)
    for metric in (metrics.auroc, metrics.auprc, lambda a, s, w=None: metrics.sensitivities_at(a, s, [0.8, 0.9], w)):
        copies = np.repeat(np.arange(60), weights[0])
        assert metric(abnormal, scores, weights[0]) == pytest.approx(metric(abnormal[copies], scores[copies]))


def test_an_abnormal_that_ties_with_the_threshold_is_not_detected():
    abnormal = np.array([False] * 10 + [True] * 2)
    scores = np.array([*range(10), 8.0, 8.5])
    assert metrics.sensitivity_at_specificity(abnormal, scores, 0.9) == 0.5


def test_a_specificity_that_the_normals_hit_exactly_is_not_missed_by_rounding():
    assert 0.55 * 100 > 55
    abnormal = np.append(np.zeros(100, bool), True)
    scores = np.append(np.arange(100.0), 54.5)
    assert metrics.sensitivity_at_specificity(abnormal, scores, 0.55) == 1


def test_scores_that_only_know_the_site_earn_nothing_within_sites():
    sites = np.array(["1"] * 10 + ["2"] * 10)
    abnormal = np.array([True] + [False] * 9 + [True] * 9 + [False])
    scores = (sites == "2").astype(float)
    assert metrics.auroc(abnormal, scores) == 0.9
    assert metrics.auroc_within(abnormal, scores, sites) == 0.5


def test_within_one_site_is_the_plain_auroc():
    abnormal, scores, weights = a_sample(1, 1)
    sites = np.full(60, "1")
    assert metrics.auroc_within(abnormal, scores, sites, weights) == pytest.approx(
        metrics.auroc(abnormal, scores, weights)
    )


def test_flagged_shares_are_false_positive_rate_and_sensitivity():
    abnormal, flagged = np.array([0, 0, 0, 0, 1, 1], bool), np.array([1, 0, 0, 0, 1, 0], bool)
    assert metrics.flagged_share(flagged, ~abnormal) == 0.25
    assert metrics.flagged_share(flagged, abnormal) == 0.5
    assert metrics.flagged_share(flagged, ~abnormal, np.array([[3, 1, 1, 1, 1, 1]])).tolist() == [0.5]


@pytest.mark.parametrize("abnormal", [np.zeros(3, bool), np.ones(3, bool), np.zeros(0, bool)])
def test_without_both_classes_a_metric_is_nan_and_silent(abnormal):
    scores, weights = np.arange(len(abnormal), dtype=float), np.ones((2, len(abnormal)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for given in (None, weights):
            assert np.isnan(metrics.auroc(abnormal, scores, given)).all()
            assert np.isnan(metrics.auprc(abnormal, scores, given)).all()
            assert np.isnan(metrics.sensitivity_at_specificity(abnormal, scores, 0.9, given)).all()
        assert np.isnan(metrics.flagged_share(abnormal, np.zeros_like(abnormal)))


def test_what_is_missed_goes_with_the_lowest_scoring_normals():
    abnormal = np.array([False] * 10 + [True] * 4)
    scores = np.array([*range(10), 0.5, 2, 4.5, 20], dtype=np.float64)
    missed = [float(metrics.missed_when_set_aside(abnormal, scores, share)) for share in (0.1, 0.2, 0.3, 0.5, 1.0)]
    assert missed == [0, 0.25, 0.5, 0.5, 0.75]
