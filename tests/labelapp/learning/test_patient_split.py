from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.labelapp.learning.patient_split import PatientSplit, split_for_calibration, split_for_training
from mammolens.types import ImageAttributes


def normals(patients: int) -> Dataset:
    """Two images each; the exam is named after the patient."""
    cases = tuple(
        Case(
            Path(f"{patient}-{view}.dcm"),
            f"p{patient}",
            ImageAttributes(exam_id=f"e{patient}"),
            abnormal=False,
            clean_normal=True,
        )
        for patient in range(patients)
        for view in range(2)
    )
    return Dataset("accepted normals", cases, "own")


def learned(patients: int, aside: frozenset[str] = frozenset()) -> PatientSplit:
    return split_for_training(normals(patients), held_out_share=0.2, calibration_share=0.25, excluded=aside)


def test_each_patient_plays_one_part_about_as_often_as_asked_for() -> None:
    parts = learned(400)
    train, calibration = (set(parts.training.in_split(part).patients) for part in (Split.TRAIN, Split.CALIBRATION))
    held_out = set(parts.held_out.patients)
    assert len(train) + len(calibration) + len(held_out) == 400
    assert 0.15 < len(held_out) / 400 < 0.25
    assert 0.18 < len(calibration) / (400 - len(held_out)) < 0.32


def test_a_patients_part_stays_as_the_accepted_grow_in_number() -> None:
    before, after = learned(60), learned(200)
    known = set(normals(60).patients)
    assert set(before.held_out.patients) == known & set(after.held_out.patients)
    for part in (Split.TRAIN, Split.CALIBRATION):
        assert set(before.training.in_split(part).patients) == known & set(after.training.in_split(part).patients)


def test_exams_set_aside_teach_nobody_and_stay_in_the_other_parts() -> None:
    everybody = learned(100)
    parts = learned(100, frozenset(f"e{number}" for number in range(0, 100, 2)))
    assert parts.held_out == everybody.held_out
    assert parts.training.in_split(Split.CALIBRATION).cases == everybody.training.in_split(Split.CALIBRATION).cases
    train = parts.training.in_split(Split.TRAIN)
    assert train.cases
    assert all(int(patient[1:]) % 2 for patient in train.patients)


@pytest.mark.parametrize("calibration_share", [0.01, 0.99])
def test_of_so_few_that_the_draw_leaves_a_part_empty_those_nearest_to_it_are_moved(calibration_share: float) -> None:
    shares = {"held_out_share": 0.2, "calibration_share": calibration_share}
    before, after = (split_for_training(normals(few), **shares, excluded=frozenset()).training for few in (7, 8))
    for learners in (before, after):
        train, calibration = learners.in_split(Split.TRAIN), learners.in_split(Split.CALIBRATION)
        assert not set(train.patients) & set(calibration.patients)
        assert len(train.patients) >= 2
        assert len(calibration.patients) >= 1
        assert len(train.cases) + len(calibration.cases) == len(learners.cases)
    moved = set(before.in_split(Split.TRAIN).patients) ^ set(after.in_split(Split.TRAIN).patients)
    assert len(moved & set(before.patients)) <= 1


@pytest.mark.parametrize("calibration_share", [0.01, 0.99])
def test_of_however_few_exams_set_aside_teach_nobody(calibration_share: float) -> None:
    everybody = split_for_training(
        normals(8), held_out_share=0.2, calibration_share=calibration_share, excluded=frozenset()
    ).training
    for patient in everybody.patients:
        parts = split_for_training(
            normals(8),
            held_out_share=0.2,
            calibration_share=calibration_share,
            excluded=frozenset({f"e{patient[1:]}"}),
        )
        assert patient not in parts.training.in_split(Split.TRAIN).patients
        assert None not in {case.split for case in parts.training.cases}


def test_where_nearly_all_are_set_aside_too_few_are_left_to_learn_from() -> None:
    with pytest.raises(DatasetError, match="too few are left for training"):
        learned(20, frozenset(f"e{number}" for number in range(20)))


def test_too_few_patients_are_an_error_that_counts_them() -> None:
    with pytest.raises(DatasetError, match="of 2 patients with eligible images, .* too few are left for training"):
        learned(2)


def test_a_model_from_elsewhere_is_calibrated_on_all_who_are_not_held_back() -> None:
    parts = split_for_calibration(normals(50), held_out_share=0.2, calibration_share=0.25, trained_here=False)
    assert len(parts.training.patients) + len(parts.held_out.patients) == 50
    assert {case.split for case in parts.training.cases} == {Split.CALIBRATION}


def test_a_model_that_learned_here_is_calibrated_on_those_alone_who_never_teach() -> None:
    parts = split_for_calibration(normals(50), held_out_share=0.2, calibration_share=0.25, trained_here=True)
    assert parts.training.patients == learned(50).training.in_split(Split.CALIBRATION).patients


def test_where_nobody_is_left_to_calibrate_on_that_is_said() -> None:
    with pytest.raises(DatasetError, match="none of the 1 patients with eligible images is left to calibrate on"):
        split_for_calibration(normals(1), held_out_share=0.999, calibration_share=0.25, trained_here=False)
