from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.conformal import ConformalScale
from mammolens.calibration.decile import decile, highest_decile, top_decile_range


@pytest.mark.parametrize("patients", [9, 35, 183])
def test_a_new_normal_patient_falls_in_each_decile_as_often_as_promised(patients: int) -> None:
    """All ranks of a new exchangeable patient are equally likely."""
    scale = ConformalScale.of(np.arange(patients, dtype=np.float64), np.arange(patients).astype(str))
    scores = [decile(scale.p_value(rank - 0.5)) for rank in range(patients + 1)]
    for lowest in range(1, 11):
        share = np.mean(np.array(scores) >= lowest)
        promised = (11 - lowest) / 10
        assert promised - 1 / (patients + 1) < share <= promised + 1e-9


@pytest.mark.parametrize(("patients", "highest"), [(1, 6), (5, 9), (8, 9), (9, 10), (183, 10)])
def test_few_patients_cannot_give_the_highest_score(patients: int, highest: int) -> None:
    assert highest_decile(patients) == highest


def test_the_share_that_scores_ten_is_less_certain_with_fewer_patients() -> None:
    drawn = np.random.default_rng(0).random((4000, 35))
    share = 1 - np.sort(drawn, axis=1)[:, -3]  # of all normals beyond the third highest of 35
    low, high = top_decile_range(35)
    assert np.mean((share > low) & (share < high)) == pytest.approx(0.95, abs=0.02)
    assert top_decile_range(183)[1] - top_decile_range(183)[0] < high - low
