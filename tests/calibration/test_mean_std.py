from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.mean_std import mean_std_threshold


@pytest.mark.parametrize(("k", "threshold"), [(0.0, 5.0), (0.1, 5.2), (2.0, 9.0), (-1.0, 3.0)])
def test_it_is_the_mean_and_k_population_standard_deviations(k, threshold):
    scores = np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])  # mean 5, standard deviation 2
    assert mean_std_threshold(scores, k) == pytest.approx(threshold)
