from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from mammolens.calibration.realised_rate import EvaluatedPatients, rate_band, upper_rate


@pytest.mark.parametrize("calibration", [10**7, None])
def test_for_an_endless_or_unknown_calibration_it_is_the_binomial_band(calibration):
    low, high = rate_band([EvaluatedPatients(50, calibration)], 0.1)
    assert (round(low * 50), round(high * 50)) == tuple(binom.interval(0.95, 50, 0.1)) == (1, 9)


def test_an_exact_rate_lies_within_it_about_as_often_as_said():
    low, high = rate_band([EvaluatedPatients(200, None)], 0.1)
    realised = np.random.default_rng(0).binomial(200, 0.1, 4000) / 200
    assert 0.94 < ((realised >= low) & (realised <= high)).mean() < 0.98


def test_a_small_calibration_widens_it():
    low, high = rate_band([EvaluatedPatients(50, 19)], 0.1)
    assert low == 0
    assert high > rate_band([EvaluatedPatients(50, None)], 0.1)[1] + 0.05


@pytest.mark.parametrize("calibration", [19, None])
@pytest.mark.parametrize("alpha", [0, 1])
def test_nobody_and_everybody_are_flagged_at_the_ends(alpha, calibration):
    assert rate_band([EvaluatedPatients(50, calibration)], alpha) == (alpha, alpha)


@pytest.mark.parametrize(("patients", "calibration", "alpha"), [(30, 29, 0.1), (60, 19, 0.2), (25, 200, 0.1)])
def test_conformal_decisions_lie_within_it_as_often_as_it_says(patients, calibration, alpha):
    low, high = rate_band([EvaluatedPatients(patients, calibration)], alpha)
    rng = np.random.default_rng(0)
    scores = np.sort(rng.normal(size=(4000, calibration)), axis=1)
    reached = int(alpha * (calibration + 1) + 1e-9)
    rates = (rng.normal(size=(4000, patients)) > scores[:, -reached, None]).mean(axis=1)
    inside = float(((rates >= low) & (rates <= high)).mean())
    assert 0.94 <= inside <= 0.99


def test_parts_with_scales_of_their_own_are_independent():
    narrow = rate_band([EvaluatedPatients(30, 30)] * 8, 0.1)
    wide = rate_band([EvaluatedPatients(240, 30)], 0.1)
    assert narrow[1] - narrow[0] < 0.6 * (wide[1] - wide[0])


def test_too_few_calibration_patients_flag_nobody():
    assert rate_band([EvaluatedPatients(30, 5)], 0.1) == (0.0, 0.0)


def test_a_rate_needs_a_patient():
    with pytest.raises(ValueError, match="at least one patient"):
        rate_band([], 0.1)


def test_the_upper_rate_alone_lies_above_alpha():
    assert 0.1 < upper_rate(50, 0.1) < 0.25
