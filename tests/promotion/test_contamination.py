from __future__ import annotations

import numpy as np
import pytest

from mammolens.promotion.contamination import AcceptedExam, extreme_exams

CALIBRATION = 200


def accepted(scores, group="A", *, shift=0.0, patients=None):
    """Exams of a machine whose calibration is standard normal, as many patients as exams."""
    reference = np.sort(np.random.default_rng(99).normal(size=CALIBRATION))
    exams = []
    for number, score in enumerate(np.asarray(scores) + shift):
        p_value = (1 + CALIBRATION - np.searchsorted(reference, score)) / (CALIBRATION + 1)
        patient = f"{group}-{number if patients is None else patients[number]}"
        exams.append(AcceptedExam(f"{group}{number}", patient, group, float(score), float(p_value), CALIBRATION))
    return exams


def normal_scores(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


def test_what_the_calibration_finds_extreme_is_set_aside_with_the_reason() -> None:
    exams = accepted([0.0] * 20 + list(normal_scores(80)) + [5.0])
    found = {one.exam: one for one in extreme_exams(exams, {"A"})}
    assert "A100" in found
    assert "A0" not in found
    assert found["A100"].reason == "only 0.5% of normal patients are expected to score as high"
    assert all(one.share <= 0.05 for one in found.values())


def test_the_cost_is_about_one_normal_patient_in_twenty() -> None:
    shares = [len(extreme_exams(accepted(normal_scores(200, seed)), {"A"})) / 200 for seed in range(20)]
    assert 0.03 < np.mean(shares) < 0.07
    assert max(shares) < 0.12


@pytest.mark.parametrize(("known", "shift"), [(set("B"), 3.0), (set("A"), 3.0), (set("A"), -3.0)])
def test_where_the_machine_is_new_or_its_scores_have_moved_the_highest_of_its_own_are_set_aside(known, shift) -> None:
    exams = accepted(normal_scores(100), shift=shift)
    found = extreme_exams(exams, known)
    highest = sorted(exams, key=lambda exam: -exam.score)[:5]
    assert {one.exam for one in found} == {exam.exam for exam in highest}
    assert "1.0% of the 100 patients accepted as normal on A" in min(found, key=lambda one: one.share).reason


def test_fewer_than_twenty_patients_of_a_new_machine_say_nothing_of_each_other() -> None:
    assert extreme_exams(accepted([*normal_scores(18), 50.0]), {"B"}) == ()
    assert len(extreme_exams(accepted([*normal_scores(19), 50.0]), {"B"})) == 1


def test_machines_are_assessed_apart() -> None:
    exams = [*accepted(normal_scores(100), "A"), *accepted(normal_scores(40, 1), "B", shift=10.0)]
    found = {one.exam for one in extreme_exams(exams, {"A"})}
    assert sum(name.startswith("B") for name in found) == 2
    assert found >= {one.exam for one in extreme_exams(exams[:100], {"A"})}


def test_a_patient_with_many_exams_counts_once_and_never_speaks_against_herself() -> None:
    patients = [*range(24), *[24] * 10]  # the last one was examined ten times, ever high
    exams = accepted([*normal_scores(24), *[9.0] * 10], patients=patients)
    found = {one.exam for one in extreme_exams(exams, {"B"})}
    assert found == {f"A{number}" for number in range(24, 34)}


def test_a_calibration_too_small_to_tell_leaves_it_to_the_accepted_ones() -> None:
    exams = [AcceptedExam(str(n), str(n), "A", float(n), 0.2, 9) for n in range(40)]
    assert [one.exam for one in extreme_exams(exams, {"A"})] == ["38", "39"]


def test_a_share_of_zero_sets_nobody_aside() -> None:
    assert extreme_exams(accepted([*normal_scores(50), 9.0]), {"A"}, 0.0) == ()


def test_mistakes_among_the_accepted_are_mostly_found_if_the_model_tells_them_apart() -> None:
    caught = []
    for seed in range(10):
        exams = accepted([*normal_scores(194, seed), *(normal_scores(6, 100 + seed) + 3.0)])
        found = {one.exam for one in extreme_exams(exams, {"A"})}
        caught.append(sum(f"A{number}" in found for number in range(194, 200)) / 6)
    assert np.mean(caught) > 0.75


def test_nothing_accepted_is_nothing_to_look_at() -> None:
    assert extreme_exams([], {"A"}) == ()
