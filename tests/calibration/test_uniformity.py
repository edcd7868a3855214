from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.conformal import ConformalScale
from mammolens.calibration.uniformity import Shift, uniformity


def conformal_p_values(rng, calibration, new, shift=0.0):
    scale = ConformalScale.of(rng.normal(size=calibration), np.arange(calibration).astype(str))
    return np.array([scale.p_value(score) for score in rng.normal(shift, size=new)])


@pytest.mark.parametrize(("calibration", "new"), [(20, 30), (35, 200), (200, 40)])
def test_where_nothing_has_moved_it_is_rarely_surprised_however_small_the_calibration(calibration, new):
    rng = np.random.default_rng(0)
    chances = [uniformity(conformal_p_values(rng, calibration, new), calibration).p_value for _ in range(400)]
    assert np.mean(np.array(chances) < 0.05) <= 0.075
    assert np.mean(np.array(chances) < 0.01) <= 0.025


def test_without_the_size_of_the_calibration_its_bad_luck_would_pass_for_drift():
    rng = np.random.default_rng(0)
    chances = [uniformity(conformal_p_values(rng, 20, 200)).p_value for _ in range(100)]
    assert np.mean(np.array(chances) < 0.01) > 0.3


@pytest.mark.parametrize(("shift", "told"), [(1.5, Shift.UP), (-1.5, Shift.DOWN)])
def test_moved_scores_are_noticed_with_their_direction(shift, told):
    found = uniformity(conformal_p_values(np.random.default_rng(1), 100, 60, shift), 100)
    assert found.p_value < 0.001
    assert found.shift is told
    assert (found.share > found.location) == (told is Shift.UP)
    assert found.n == 60


def test_the_place_and_share_are_those_of_the_largest_distance():
    found = uniformity(np.array([0.1, 0.1, 0.1, 0.9]))
    assert (found.location, found.share, found.shift) == (0.1, 0.75, Shift.UP)
    assert found.distance == pytest.approx(0.65)


@pytest.mark.parametrize("values", [[], [1.2], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(values):
    with pytest.raises(ValueError, match="p-values lie in"):
        uniformity(np.array(values))
