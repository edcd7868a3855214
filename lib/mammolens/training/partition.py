"""Who trains, who validates, who calibrates: by patient, never by image."""

from __future__ import annotations

from dataclasses import dataclass

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.splits import split_by_patient
from mammolens.enums import Split
from mammolens.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Partition:
    """Clean normal cases only; no patient in two parts."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    calibration: tuple[Case, ...]


def partition(dataset: Dataset, config: ModelConfig) -> Partition:
    """Take the data set's own train and calibration splits where it has both, else draw them.

    Validation patients are always drawn from the training patients, with the configuration's seed.

    Raises:
        DatasetError: fewer than three patients with clean normal images, or a patient in two splits.
    """
    normals = dataset.where(lambda case: case.clean_normal)
    if len(normals.patients) < 3:
        raise DatasetError(
            dataset.name,
            f"has clean normal images of {len(normals.patients)} patient(s), and each of the three parts needs one",
            "add normal exams of more patients",
        )
    seed = config.training.seed
    train, calibration = _own_splits(normals) or _drawn_splits(normals, config.calibration.fraction, seed)
    share = config.training.validation_fraction
    learners = split_by_patient(train, {Split.TRAIN: 1 - share, Split.VALIDATION: share}, seed)
    return Partition(learners[Split.TRAIN], learners[Split.VALIDATION], calibration)


def _own_splits(normals: Dataset) -> tuple[tuple[Case, ...], tuple[Case, ...]] | None:
    train, calibration = normals.in_split(Split.TRAIN), normals.in_split(Split.CALIBRATION)
    if not (train.cases and calibration.cases):
        return None
    shared = set(train.patients) & set(calibration.patients)
    if shared:
        raise DatasetError(
            normals.name, f"patient {sorted(shared)[0]} is in two splits", "give each patient one split only"
        )
    return train.cases, calibration.cases


def _drawn_splits(normals: Dataset, fraction: float, seed: int) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    # Cases that a data set set aside (test, exposure) stay aside.
    free = [case for case in normals.cases if case.split in (None, Split.TRAIN, Split.VALIDATION, Split.CALIBRATION)]
    parts = split_by_patient(free, {Split.TRAIN: 1 - fraction, Split.CALIBRATION: fraction}, seed)
    return parts[Split.TRAIN], parts[Split.CALIBRATION]
