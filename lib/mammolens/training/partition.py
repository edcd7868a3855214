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
    calibration: tuple[Case, ...] = ()

    @property
    def by_split(self) -> dict[Split, tuple[Case, ...]]:
        """The cases by the name of their part."""
        return {Split.TRAIN: self.train, Split.VALIDATION: self.validation, Split.CALIBRATION: self.calibration}


def partition(dataset: Dataset, config: ModelConfig) -> Partition:
    """Take the data set's own train and calibration splits where it has both, else draw them.

    Validation patients are always drawn from the training patients, with the configuration's seed.

    Raises:
        DatasetError: fewer than three patients with clean normal images, or a patient in two splits.
    """
    _refuse_two_splits(dataset)
    # Who was set aside (test, exposure) stays aside with all of her images.
    aside = {case.patient_id for case in dataset.cases if case.split in (Split.TEST, Split.EXPOSURE)}
    normals = dataset.where(lambda case: case.clean_normal and case.patient_id not in aside)
    if len(normals.patients) < 3:
        raise DatasetError(
            dataset.name,
            f"has clean normal images of {len(normals.patients)} patient(s), and each of the three parts needs one",
            "add normal exams of more patients",
        )
    seed, share, fraction = config.training.seed, config.training.validation_fraction, config.calibration.fraction
    train, calibration = normals.in_split(Split.TRAIN), normals.in_split(Split.CALIBRATION)
    if train.cases and calibration.cases:
        learners = split_by_patient(train.cases, {Split.TRAIN: 1 - share, Split.VALIDATION: share}, seed)
        return Partition(learners[Split.TRAIN], learners[Split.VALIDATION], calibration.cases)
    learning = 1 - fraction
    fractions = {Split.TRAIN: learning * (1 - share), Split.VALIDATION: learning * share, Split.CALIBRATION: fraction}
    parts = split_by_patient(normals.cases, fractions, seed)
    return Partition(parts[Split.TRAIN], parts[Split.VALIDATION], parts[Split.CALIBRATION])


def _refuse_two_splits(dataset: Dataset) -> None:
    given: dict[str, Split] = {}
    for case in dataset.cases:
        if case.split is not None and given.setdefault(case.patient_id, case.split) is not case.split:
            reason = f"patient {case.patient_id} is in the splits {given[case.patient_id]} and {case.split}"
            raise DatasetError(dataset.name, reason, "give each patient one split only")
