from functools import partial
from statistics import NormalDist

import numpy as np
import pytest

from mammolens.evaluation.bootstrap import PatientBootstrap, bootstrap_by_patient, difference
from mammolens.evaluation.metrics import auroc, flagged_share


def patients_with_views(rng, patients, views, shared):
    """Half the patients abnormal by one standard deviation; ``shared`` of the variance is the patient's."""
    ids = np.repeat([f"p{i}" for i in range(patients)], views)
    abnormal = np.repeat(np.arange(patients) % 2 == 1, views)
    own = rng.normal(0, np.sqrt(1 - shared), patients * views)
    return ids, abnormal, abnormal + np.repeat(rng.normal(0, np.sqrt(shared), patients), views) + own


def test_the_interval_covers_the_true_auroc_about_as_often_as_promised():
    rng, truth = np.random.default_rng(11), NormalDist().cdf(1 / np.sqrt(2))
    covered = 0
    for trial in range(200):
        ids, abnormal, scores = patients_with_views(rng, 80, 3, 0.7)
        found = bootstrap_by_patient(ids, abnormal, partial(auroc, abnormal, scores), n=300, seed=trial)
        covered += found.low <= truth <= found.high
    assert 0.89 <= covered / 200 <= 0.985


def test_views_of_the_same_patient_do_not_narrow_the_interval():
    ids, abnormal, scores = patients_with_views(np.random.default_rng(2), 60, 4, 1.0)
    one_view = slice(None, None, 4)
    all_views = bootstrap_by_patient(ids, abnormal, partial(auroc, abnormal, scores))
    single = bootstrap_by_patient(
        ids[one_view], abnormal[one_view], partial(auroc, abnormal[one_view], scores[one_view])
    )
    pretended = bootstrap_by_patient(np.arange(240).astype(str), abnormal, partial(auroc, abnormal, scores))
    assert all_views == single
    assert all_views.n_patients == 60
    assert pretended.high - pretended.low < 0.7 * (all_views.high - all_views.low)


def test_every_resample_holds_as_many_patients_of_each_class():
    ids = np.array(["a", "a", "b", "c", "c", "d", "e"])
    abnormal = np.array([True, False, False, False, False, True, False])
    draws = PatientBootstrap.of(ids, abnormal, n=50).draws
    assert (draws[:, [0, 3]].sum(axis=1) == 2).all()
    assert (draws[:, [1, 2, 4]].sum(axis=1) == 3).all()


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    ids, abnormal, scores = patients_with_views(np.random.default_rng(3), 40, 2, 0.5)
    statistic = partial(auroc, abnormal, scores)
    first, again, other = (bootstrap_by_patient(ids, abnormal, statistic, n=200, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.value == other.value
    assert (first.low, first.high) != (other.low, other.high)


def test_resamples_in_parts_equal_resamples_at_once(monkeypatch):
    ids, abnormal, scores = patients_with_views(np.random.default_rng(4), 20, 2, 0.5)
    resamples = PatientBootstrap.of(ids, abnormal, n=30)
    at_once = resamples.replicates(partial(auroc, abnormal, scores))
    monkeypatch.setattr("mammolens.evaluation.bootstrap._CELLS_AT_ONCE", 100)
    assert np.array_equal(resamples.replicates(partial(auroc, abnormal, scores)), at_once)


def test_a_wider_level_gives_a_wider_interval():
    ids, abnormal, scores = patients_with_views(np.random.default_rng(5), 40, 2, 0.5)
    narrow, wide = (
        bootstrap_by_patient(ids, abnormal, partial(auroc, abnormal, scores), level=level) for level in (0.5, 0.95)
    )
    assert wide.low < narrow.low <= narrow.value <= narrow.high < wide.high


def test_a_score_does_not_differ_from_itself():
    ids, abnormal, scores = patients_with_views(np.random.default_rng(6), 40, 2, 0.5)
    same = bootstrap_by_patient(ids, abnormal, difference(auroc, abnormal, scores, 2 * scores + 1))
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_a_paired_difference_is_tighter_than_two_separate_intervals():
    rng = np.random.default_rng(8)
    ids, abnormal, scores = patients_with_views(rng, 100, 2, 0.7)
    other = scores + rng.normal(0, 0.3, len(scores))
    gap = bootstrap_by_patient(ids, abnormal, difference(auroc, abnormal, scores, other))
    alone = bootstrap_by_patient(ids, abnormal, partial(auroc, abnormal, scores))
    assert gap.value == pytest.approx(float(auroc(abnormal, scores) - auroc(abnormal, other)))
    assert gap.low <= gap.value <= gap.high
    assert gap.high - gap.low < 0.5 * (alone.high - alone.low)


def test_an_undefined_statistic_has_an_undefined_interval():
    ids, abnormal = np.array(["a", "b"]), np.zeros(2, bool)
    found = bootstrap_by_patient(ids, abnormal, partial(flagged_share, abnormal, abnormal), n=10)
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize("wrong", [{"n": 0}, {"level": 1.0}, {"abnormal": np.zeros(3, bool)}])
def test_senseless_arguments_are_refused(wrong):
    scores = np.arange(2.0)
    given = {"abnormal": np.array([True, False])} | wrong
    with pytest.raises(ValueError, match=r"fit|level"):
        bootstrap_by_patient(np.array(["a", "b"]), statistic=lambda weights: weights @ scores, **given)
