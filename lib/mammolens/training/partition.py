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
    """Clean normal cases, and in ``exposure`` known abnormal ones with outlined lesions; no patient in two parts."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    calibration: tuple[Case, ...] = ()
    exposure: tuple[Case, ...] = ()

    @property
    def by_split(self) -> dict[Split, tuple[Case, ...]]:
        """The cases by the name of their part; no exposure where nothing is learned from it."""
        normals = {Split.TRAIN: self.train, Split.VALIDATION: self.validation, Split.CALIBRATION: self.calibration}
        return {**normals, Split.EXPOSURE: self.exposure} if self.exposure else normals


def partition(dataset: Dataset, config: ModelConfig, exposure: Dataset | None = None) -> Partition:
    """Take the data set's own train and calibration splits where it has both, else draw them.

    Validation patients are always drawn from the training patients, with the configuration's seed.

    Args:
        dataset: with clean normal cases.
        config: says how the patients are shared out, and whether known abnormal images are learned from.
        exposure: where those come from; ``None``: from the exposure split of ``dataset``.

    Raises:
        DatasetError: fewer than three patients with clean normal images, a patient in two splits, or no outlined
            lesion where the configuration learns from some.
    """
    normals = clean_normals(dataset)
    if len(normals.patients) < 3:
        raise DatasetError(
            dataset.name,
            f"has clean normal images of {len(normals.patients)} patient(s), and each of the three parts needs one",
            "add normal exams of more patients",
        )
    known = known_abnormal(dataset, exposure) if config.training.exposure_share else ()
    seed, share, fraction = config.training.seed, config.training.validation_fraction, config.calibration.fraction
    train, calibration = normals.in_split(Split.TRAIN), normals.in_split(Split.CALIBRATION)
    if train.cases and calibration.cases:
        learners = split_by_patient(train.cases, {Split.TRAIN: 1 - share, Split.VALIDATION: share}, seed)
        return Partition(learners[Split.TRAIN], learners[Split.VALIDATION], calibration.cases, known)
    learning = 1 - fraction
    fractions = {Split.TRAIN: learning * (1 - share), Split.VALIDATION: learning * share, Split.CALIBRATION: fraction}
    parts = split_by_patient(normals.cases, fractions, seed)
    return Partition(parts[Split.TRAIN], parts[Split.VALIDATION], parts[Split.CALIBRATION], known)


def clean_normals(dataset: Dataset) -> Dataset:
    """The clean normal cases of patients who were not set aside for testing or exposure.

    Raises:
        DatasetError: a patient in two splits.
    """
    _refuse_two_splits(dataset)
    # Who was set aside stays aside with all of her images.
    aside = {case.patient_id for case in dataset.cases if case.split in (Split.TEST, Split.EXPOSURE)}
    return dataset.where(lambda case: case.clean_normal and case.patient_id not in aside)


def known_abnormal(dataset: Dataset, exposure: Dataset | None = None) -> tuple[Case, ...]:
    """The cases with outlined lesions to learn from (outlier exposure: Hendrycks, Mazeika and Dietterich, ICLR 2019).

    Args:
        dataset: whose exposure split is taken where no other data set is given.
        exposure: another data set; all of its cases but those of the split 'test'.

    Raises:
        DatasetError: there is none.
    """
    found = dataset.in_split(Split.EXPOSURE) if exposure is None else exposure
    cases = found.where(lambda case: bool(case.lesions) and case.split is not Split.TEST).cases
    if not cases:
        where = "in a split 'exposure'" if exposure is None else "outside of the split 'test'"
        reason = f"has no image with an outlined lesion {where}, and the configuration wants to learn from some"
        remedy = "give a data set with outlines as --exposure, or set training.exposure_share to 0"
        raise DatasetError(found.name, reason, remedy)
    return cases


def _refuse_two_splits(dataset: Dataset) -> None:
    given: dict[str, Split] = {}
    for case in dataset.cases:
        if case.split is not None and given.setdefault(case.patient_id, case.split) is not case.split:
            reason = f"patient {case.patient_id} is in the splits {given[case.patient_id]} and {case.split}"
            raise DatasetError(dataset.name, reason, "give each patient one split only")
