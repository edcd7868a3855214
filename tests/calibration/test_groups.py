from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammolens.calibration.groups import GroupedScale


def test_a_group_is_assessed_by_itself_from_the_configured_number_of_patients_on():
    scores, patients = [float(n) for n in range(45)], list(range(45))
    groups = ["A"] * 20 + ["B"] * 19 + [None] * 6
    scale = GroupedScale.of(scores, patients, groups, 20)
    assert set(scale.groups) == {"A"}
    assert scale.of_group("A").p_value(19.0) == 2 / 21
    for other in ("B", "C", None):
        assert scale.of_group(other) is scale.pooled
    assert scale.pooled.patients == 45


def test_patients_are_counted_and_not_images():
    scores, patients = [float(n) for n in range(40)], [n // 4 for n in range(40)]
    assert not GroupedScale.of(scores, patients, ["A"] * 40, 11).groups
    assert GroupedScale.of(scores, patients, ["A"] * 40, 10).groups["A"].patients == 10


@pytest.mark.slow
@settings(max_examples=15)
@given(
    offsets=st.lists(st.floats(-20, 20), min_size=2, max_size=4),
    alpha=st.sampled_from([0.05, 0.1, 0.25]),
    seed=st.integers(0, 1000),
)
def test_the_promise_holds_within_each_group_however_far_apart_the_groups_are(offsets, alpha, seed):
    rng = np.random.default_rng(seed)
    repeats, patients = 120, 39
    flagged = np.zeros((repeats, len(offsets)))
    for repeat in range(repeats):
        scores = [float(offset + rng.normal()) for offset in offsets for _ in range(patients)]
        groups = [str(number) for number in range(len(offsets)) for _ in range(patients)]
        scale = GroupedScale.of(scores, list(range(len(scores))), groups, 20)
        for number, offset in enumerate(offsets):
            new = offset + rng.normal(size=50)
            own = scale.of_group(str(number))
            flagged[repeat, number] = np.mean([own.p_value(float(score)) <= alpha for score in new])
    error = 4 * flagged.std(axis=0) / math.sqrt(repeats)
    assert (flagged.mean(axis=0) <= alpha + error).all()
    assert (flagged.mean(axis=0) >= alpha - 1 / (patients + 1) - error).all()


def test_without_groups_large_enough_the_promise_holds_on_the_whole_but_not_within_each():
    rng = np.random.default_rng(3)
    scores = [float(offset + rng.normal()) for offset in (0, 3) for _ in range(19)]
    scale = GroupedScale.of(scores, list(range(38)), ["A"] * 19 + ["B"] * 19, 20)
    rates = [np.mean(offset + rng.normal(size=2000) >= scale.of_group("A").threshold(0.1)) for offset in (0, 3)]
    assert rates[0] < 0.02
    assert rates[1] > 0.1
    assert np.mean(rates) == pytest.approx(0.1, abs=0.08)
