"""Hold out normal patients that no model learns from, so that every new model can be tested on them."""

from __future__ import annotations

import hashlib

from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError


def hold_out(dataset: Dataset, share: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Part a data set into those to learn and calibrate from, and those held out.

    Whether a patient is held out depends on her id and the seed alone: as accepted normals grow in number she stays
    where she was, and no later model has learned from her. ``share`` is met on average.

    Args:
        dataset: all accepted normals.
        share: of patients, within (0, 1); of 100 patients 20 are as many as the gate asks for.
        seed: keep it: with another one, models have learned from patients who are now held out.

    Returns:
        The learners and the held-out, no patient in both.

    Raises:
        ValueError: a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"a share must lie within (0, 1), not {share}")
    held = {patient for patient in dataset.patients if patient_hash(patient, seed) < share}
    return dataset.where(lambda case: case.patient_id not in held), dataset.where(lambda case: case.patient_id in held)


def gate_cases(dataset: Dataset) -> tuple[Case, ...]:
    """The clean normal cases that were meant for no learning: the split 'test' where there are splits, else all.

    Raises:
        DatasetError: there are none.
    """
    normals = dataset.where(lambda case: case.clean_normal)
    split = any(case.split is not None for case in dataset.cases)
    cases = normals.in_split(Split.TEST).cases if split else normals.cases
    if not cases:
        which = "in its split 'test'" if split else "in it"
        raise DatasetError(
            dataset.name,
            f"has no clean normal image {which}",
            "give normal images of patients that no model learned from",
        )
    return cases


def patient_hash(patient: str, seed: int) -> float:
    """A number that hangs on her id and the seed alone: uniform in [0, 1), always the same."""
    digest = hashlib.sha256(f"{seed} {patient}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
