"""Hold out normal patients that no model learns from, so that every new model can be tested on them."""

from __future__ import annotations

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.normals import clean_normals
from mammolens.datasets.splits import draw_share
from mammolens.enums import Split
from mammolens.errors import DatasetError


def hold_out(dataset: Dataset, share: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Split a data set into cases for training and calibration, and held-out cases.

    Whether a patient is held out depends only on the ID and the seed, so the held-out patients stay the same as the
    number of accepted normals grows, and no later model is trained on them. ``share`` is met on average.

    Args:
        dataset: all accepted normals.
        share: of patients, within (0, 1); of 100 patients, 20 are as many as the gate needs.
        seed: keep it: with another seed, models have been trained on patients who are now held out.

    Returns:
        The cases for training and the held-out cases, no patient in both.

    Raises:
        ValueError: a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"a share must lie within (0, 1), not {share}")
    held = {patient for patient in dataset.patients if draw_share(patient, seed) < share}
    return dataset.where(lambda case: case.patient_id not in held), dataset.where(lambda case: case.patient_id in held)


def gate_cases(dataset: Dataset) -> tuple[Case, ...]:
    """The clean normal cases for the gate: those of the split 'test' if there are splits, else all.

    See :mod:`mammolens.datasets.normals`.

    Raises:
        DatasetError: there are none.
    """
    normals = clean_normals(dataset)
    split = any(case.split is not None for case in dataset.cases)
    cases = normals.in_split(Split.TEST).cases if split else normals.cases
    if not cases:
        which = "in its split 'test'" if split else "in it"
        raise DatasetError(
            dataset.name,
            f"has no clean normal image {which}",
            "give normal images of patients that no model was trained on",
        )
    return cases
