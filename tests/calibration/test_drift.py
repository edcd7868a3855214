from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.drift import DriftCause, DriftLimits, drift

KNOWN = {"A", "B"}


def even(count, seed=0):
    return np.random.default_rng(seed).permutation((np.arange(count) + 1) / count)


def test_exams_like_the_calibrations_raise_no_alarm():
    found = drift(even(100), ["A", "B"] * 50, known_groups=KNOWN, calibration_patients=100)
    assert not found.alarm
    assert found.n == 100
    assert set(found.machines) == KNOWN
    assert found.unknown_share == 0


def test_false_alarms_are_as_rare_as_the_limits_say():
    rng = np.random.default_rng(0)
    limits = DriftLimits(false_alarm_rate=0.05, distance=0.01)
    alarms = [
        drift(1 - rng.uniform(size=80), ["A", "B"] * 40, known_groups=KNOWN, limits=limits).alarm for _ in range(400)
    ]
    assert np.mean(alarms) <= 0.07


def test_a_machine_that_the_calibration_never_saw_is_named():
    found = drift(even(60), ["A"] * 50 + ["New 3000"] * 10, known_groups=KNOWN)
    (alarm,) = found.alarms
    assert (alarm.cause, alarm.source) == (DriftCause.NEW_MACHINE, "New 3000")
    assert alarm.sentence.startswith("10 of the last 60 exams are from a machine that is not in the calibration")
    assert found.unknown_share == pytest.approx(1 / 6)


def test_one_stray_exam_of_another_machine_is_no_alarm():
    assert not drift(even(60), ["A"] * 59 + ["New 3000"], known_groups=KNOWN).alarm


def test_where_calibration_knew_no_machine_none_is_new():
    assert not drift(even(60), ["A"] * 60, known_groups=()).alarm


def test_new_software_is_named_where_it_was_kept():
    software = ["1.0"] * 40 + ["2.0"] * 20
    found = drift(even(60), ["A"] * 60, software, known_groups=KNOWN, known_software={"1.0"})
    assert [(alarm.cause, alarm.source) for alarm in found.alarms] == [(DriftCause.NEW_SOFTWARE, "2.0")]
    assert not drift(even(60), ["A"] * 60, software, known_groups=KNOWN).alarm


@pytest.mark.parametrize(
    ("moved", "cause", "words"),
    [
        (lambda p: p**3, DriftCause.SCORES_UP, "shifted up"),
        (lambda p: p ** (1 / 3), DriftCause.SCORES_DOWN, "shifted down"),
    ],
)
def test_moved_scores_are_told_with_their_direction(moved, cause, words):
    found = drift(moved(even(100)), ["A"] * 100, known_groups=KNOWN)
    (alarm,) = found.alarms
    assert alarm.cause is cause
    assert words in alarm.sentence


def test_the_machine_that_moved_is_named_and_not_the_other():
    p_values = np.concatenate([even(60) ** 4, even(60)])
    found = drift(p_values, ["A"] * 60 + ["B"] * 60, known_groups=KNOWN)
    assert [(alarm.cause, alarm.source) for alarm in found.alarms] == [(DriftCause.SCORES_UP, "A")]


def test_too_few_exams_say_nothing_of_scores():
    found = drift(np.full(10, 0.01), ["A"] * 10, known_groups=KNOWN)
    assert found.overall is None
    assert not found.alarm


def test_a_small_distance_is_no_alarm_however_certain():
    found = drift(even(20000) ** 1.1, ["A"] * 20000, known_groups=KNOWN)
    assert found.overall.p_value < 1e-6
    assert not found.alarm


def test_no_exam_at_all_is_no_drift():
    assert not drift(np.empty(0), [], known_groups=KNOWN).alarm


def test_columns_must_fit():
    with pytest.raises(ValueError, match="one acquisition group"):
        drift(even(3), ["A"], known_groups=KNOWN)


@pytest.mark.parametrize("wrong", [{"false_alarm_rate": 0.0}, {"distance": 1.0}, {"min_exams": 0}])
def test_limits_are_checked(wrong):
    with pytest.raises(ValueError, match="of drift limits"):
        DriftLimits(**wrong)
