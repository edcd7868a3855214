from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammolens.calibration.conformal import ConformalScale, min_patients

# Few distinct values, so that ties are common; few patients, so that they have several images.
observations = st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 8)), min_size=1, max_size=40)
levels = st.one_of(
    st.floats(0.001, 0.999), st.tuples(st.integers(1, 9), st.integers(10, 12)).map(lambda pair: pair[0] / pair[1])
)


def scale_of(observed: list[tuple[float, int]]) -> ConformalScale:
    return ConformalScale.of(
        np.array([score for score, _ in observed], dtype=np.float64),
        np.array([f"patient {number}" for _, number in observed]),
    )


@pytest.fixture
def three_patients() -> ConformalScale:
    """Anna has two images, Berta one, Clara four."""
    anna, berta, clara = 1, 2, 3
    return scale_of([(2.0, anna), (4.0, anna), (3.0, berta), (1.0, clara), (2.0, clara), (5.0, clara), (6.0, clara)])


@pytest.mark.parametrize(
    ("score", "patients_at_least_as_high"),
    [
        (0.5, 3.0),
        (1.0, 3.0),
        (1.5, 1.0 + 1.0 + 0.75),
        (2.0, 1.0 + 1.0 + 0.75),  # a tie counts as at least as high
        (2.5, 0.5 + 1.0 + 0.5),
        (3.5, 0.5 + 0.0 + 0.5),
        (6.0, 0.25),
        (6.1, 0.0),
    ],
)
def test_a_patient_weighs_one_however_many_images_she_has(three_patients, score, patients_at_least_as_high):
    assert three_patients.patients == 3
    assert three_patients.p_value(score) == pytest.approx((1 + patients_at_least_as_high) / 4)


def test_with_one_image_a_patient_it_is_the_textbook_p_value():
    scale = scale_of([(float(number), number) for number in range(9)])
    assert [scale.p_value(score) for score in (-1.0, 4.0, 8.0, 9.0)] == [1.0, 0.6, 0.2, 0.1]


def test_thirds_of_a_patient_add_up_to_exactly_one():
    scale = scale_of([(5.0, patient) for patient in (0, 0, 0, 1, 1, 1)] + [(float(-p), p) for p in range(2, 9)])
    assert scale.p_value(5.0) == 0.3
    assert scale.threshold(0.3) <= 5.0


@given(observed=observations, alpha=levels)
def test_the_threshold_is_the_lowest_score_that_is_flagged(observed, alpha):
    scale = scale_of(observed)
    threshold = scale.threshold(alpha)
    scores = {score + shift for score, _ in observed for shift in (-0.5, 0.0, 0.5)}
    near = {math.nextafter(score, way) for score in scores for way in (-math.inf, math.inf)}
    for score in scores | near:
        assert (score >= threshold) == (scale.p_value(score) <= alpha), score
    if math.isfinite(threshold):
        assert scale.p_value(threshold) <= alpha < scale.p_value(math.nextafter(threshold, -math.inf))


@given(observed=observations)
def test_p_values_fall_as_scores_rise_and_never_leave_their_range(observed):
    scale = scale_of(observed)
    found = [scale.p_value(score) for score in np.arange(-0.25, 7.0, 0.25)]
    assert found == sorted(found, reverse=True)
    assert found[0] == 1.0
    assert found[-1] == 1 / (scale.patients + 1)


def test_too_few_patients_flag_nothing():
    scale = scale_of([(float(number), number) for number in range(8)])
    assert scale.threshold(0.1) == math.inf
    assert scale.p_value(1e9) > 0.1


def test_nine_patients_are_just_enough_for_one_in_ten():
    scale = scale_of([(float(number), number) for number in range(9)])
    assert scale.threshold(0.1) == math.nextafter(8.0, math.inf)


def test_the_order_of_the_observations_does_not_matter():
    observed = [(float(number % 7), number % 5) for number in range(20)]
    forth, back = scale_of(observed), scale_of(observed[::-1])
    assert np.array_equal(forth.scores, back.scores)
    assert np.array_equal(forth.p_values, back.p_values)


@pytest.mark.parametrize("scores", [[], [1.0, math.nan], [1.0, math.inf]])
def test_a_scale_of_nothing_or_of_no_numbers_is_refused(scores):
    with pytest.raises(ValueError, match="all finite"):
        ConformalScale.of(np.array(scores), np.array(["a"] * len(scores)))


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.3])
def test_the_promised_false_positive_rate_holds_for_patients_with_correlated_images(alpha):
    rng = np.random.default_rng(20240229)
    repeats, calibrating, assessed = 300, 39, 40
    flagged = [_flagged_share(rng, calibrating, assessed, alpha) for _ in range(repeats)]
    error = np.std(flagged) / math.sqrt(repeats)
    assert np.mean(flagged) <= alpha + 3 * error
    # Nor is the promise kept by flagging nothing: the slack is one patient of the scale at most.
    assert np.mean(flagged) >= alpha - 2 / (calibrating + 1) - 3 * error


def _flagged_share(rng: np.random.Generator, calibrating: int, assessed: int, alpha: float) -> float:
    """Share of the images of new normal patients that are flagged, each patient weighing one."""
    scale = scale_of(
        [(score, number) for number in range(calibrating) for score in _images_of_a_patient(rng)],
    )
    shares = [np.mean([scale.p_value(score) <= alpha for score in _images_of_a_patient(rng)]) for _ in range(assessed)]
    return float(np.mean(shares))


def _images_of_a_patient(rng: np.random.Generator) -> list[float]:
    """One to eight images, alike within a patient; those with many images score higher."""
    count = int(rng.integers(1, 9))
    return list(rng.normal(0.3 * count, 1.0) + rng.normal(0.0, 0.3, count))


@pytest.mark.parametrize(
    ("patients", "alpha", "confidence", "reaching"),
    [
        (21, 0.1, 0.9, None),  # 0.9 ** 21 > 0.1
        (22, 0.1, 0.9, 0),  # 0.9 ** 22 < 0.1: no normal patient may reach it
        (38, 0.1, 0.9, 1),  # 0.9 ** 38 + 38 * 0.1 * 0.9 ** 37 = 0.095
        (37, 0.1, 0.9, 0),
        (59, 0.05, 0.95, 0),
        (58, 0.05, 0.95, None),
    ],
)
def test_with_a_confidence_as_many_patients_may_reach_it_as_the_binomial_tail_allows(
    patients, alpha, confidence, reaching
):
    scale = scale_of([(float(number), number) for number in range(patients)])
    expected = math.inf if reaching is None else math.nextafter(patients - 1.0 - reaching, math.inf)
    assert scale.confident_threshold(alpha, confidence) == expected


def test_with_a_confidence_a_patient_counts_by_her_highest_score():
    once = scale_of([(float(number), number) for number in range(30)])
    often = scale_of([(float(score), number) for number in range(30) for score in (number, number - 50)])
    assert often.confident_threshold(0.1, 0.9) == once.confident_threshold(0.1, 0.9)
    assert often.threshold(0.1) < once.threshold(0.1)


@pytest.mark.parametrize(("alpha", "confidence"), [(0.1, 0.9), (0.2, 0.75), (0.05, 0.9)])
def test_the_confident_promise_holds_for_the_promised_share_of_calibrations(alpha, confidence):
    rng = np.random.default_rng(7)
    repeats, calibrating = 1500, 80
    thresholds = [
        scale_of([(score, number) for number, score in enumerate(rng.exponential(size=calibrating))])
        .confident_threshold(alpha, confidence)
        for _ in range(repeats)
    ]  # fmt: skip
    kept = np.mean(np.exp(-np.array(thresholds)) <= alpha)  # true false-positive rate of each calibration
    error = math.sqrt(confidence * (1 - confidence) / repeats)
    assert kept >= confidence - 3 * error
    assert kept < 0.99  # nor is it kept by flagging nothing
    # The marginal threshold promises the average only: about half of the calibrations exceed it.
    marginal = [
        scale_of(list(zip(rng.exponential(size=calibrating), range(calibrating), strict=True))).threshold(alpha)
        for _ in range(300)
    ]
    assert 0.35 < np.mean(np.exp(-np.array(marginal)) <= alpha) < 0.75


@pytest.mark.parametrize(("alpha", "confidence", "patients"), [(0.1, None, 9), (0.05, None, 19), (0.1, 0.9, 22)])
def test_the_fewest_patients_that_flag_anybody(alpha, confidence, patients):
    assert min_patients(alpha, confidence) == patients
    for number, is_finite in ((patients - 1, False), (patients, True)):
        scale = ConformalScale.of(np.arange(float(number)), np.arange(number).astype(str))
        found = scale.threshold(alpha) if confidence is None else scale.confident_threshold(alpha, confidence)
        assert np.isfinite(found) == is_finite
