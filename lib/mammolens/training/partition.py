"""Split patients, never images, into training, validation and calibration sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.normals import clean_normals, normals_of_affected
from mammolens.datasets.splits import fold_of, split_by_patient
from mammolens.enums import Split
from mammolens.errors import DatasetError

Cases = tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Clean normal cases as one network uses them; no patient in two parts."""

    train: Cases
    validation: Cases
    calibration: Cases


@dataclass(frozen=True, slots=True)
class Partition:
    """Clean normal cases as each member of a model uses them, and known abnormal ones that all learn from.

    Of one member, calibration patients are set aside from learning. Of several, each calibrates on the patients that
    it alone did not learn from, so that every patient does both (cross-conformal prediction: Vovk, Annals of
    Mathematics and Artificial Intelligence 2015; Barber et al., Annals of Statistics 2021).
    """

    shares: tuple[Share, ...]
    exposure: Cases = ()

    @property
    def normals(self) -> tuple[Cases, ...]:
        """The parts of each share, one after the other."""
        return tuple(part for share in self.shares for part in (share.train, share.validation, share.calibration))

    @property
    def by_split(self) -> dict[Split, Cases]:
        """The cases by the name of their part, each once: those that train a member do not count as validation.

        No exposure where nothing is learned from it.
        """
        train = together(*(share.train for share in self.shares))
        taught = {case.path for case in train}
        validation = together(*(share.validation for share in self.shares))
        normals = {
            Split.TRAIN: train,
            Split.VALIDATION: tuple(case for case in validation if case.path not in taught),
            Split.CALIBRATION: together(*(share.calibration for share in self.shares)),
        }
        return {**normals, Split.EXPOSURE: self.exposure} if self.exposure else normals


def partition(dataset: Dataset, config: ModelConfig, exposure: Dataset | None = None) -> Partition:
    """Split the clean normal cases.

    One member takes the data set's own train and calibration splits where it has both, and draws from cases without a
    split, such as those of another set beside it; without own splits all are drawn. For
    several, the patients of both are shared out by a hash of their ids: a member that goes on from its weights when
    other patients have come still calibrates on those that it never learned from. Validation patients are always drawn
    from the training patients, with the configuration's seed.

    Args:
        dataset: with clean normal cases.
        config: says how the patients are shared out, and whether known abnormal images are learned from.
        exposure: where those come from; ``None``: from the exposure split of ``dataset``.

    Raises:
        DatasetError: fewer than three patients with clean normal images, fewer than members, a patient in two splits,
            or no outlined lesion where the configuration learns from some.
    """
    known = known_abnormal(dataset, exposure) if config.training.exposure_share else ()
    return Partition(_shares(dataset, config), known)


def _shares(dataset: Dataset, config: ModelConfig) -> tuple[Share, ...]:
    normals = learnable_normals(dataset)
    if len(normals.patients) < 3:
        raise DatasetError(
            dataset.name,
            f"has clean normal images of {len(normals.patients)} patient(s), and each of the three parts needs one",
            "add normal exams of more patients",
        )
    if config.network.members > 1:
        return _folds(normals, config)
    seed, share, fraction = config.training.seed, config.training.validation_fraction, config.calibration.fraction
    learning = 1 - fraction
    train, calibration = normals.in_split(Split.TRAIN).cases, normals.in_split(Split.CALIBRATION).cases
    if train and calibration:
        unsplit = normals.where(lambda case: case.split is None)
        if len(unsplit.patients) > 1:
            drawn = split_by_patient(unsplit.cases, {Split.TRAIN: learning, Split.CALIBRATION: fraction}, seed)
            train, calibration = train + drawn[Split.TRAIN], calibration + drawn[Split.CALIBRATION]
        return (_share(train, calibration, share, seed),)
    fractions = {Split.TRAIN: learning * (1 - share), Split.VALIDATION: learning * share, Split.CALIBRATION: fraction}
    parts = split_by_patient(normals.cases, fractions, seed)
    return (Share(parts[Split.TRAIN], parts[Split.VALIDATION], parts[Split.CALIBRATION]),)


def learnable_normals(dataset: Dataset) -> Dataset:
    """The clean normal cases (:mod:`mammolens.datasets.normals`) of patients who were not set aside.

    Raises:
        DatasetError: a patient in two splits.
    """
    _refuse_two_splits(dataset)
    return _without_aside(clean_normals(dataset), dataset)


def normals_of_affected_patients(dataset: Dataset) -> Dataset:
    """The clean normal cases that are not learned from since another image of the patient is abnormal."""
    return _without_aside(normals_of_affected(dataset), dataset)


def _without_aside(normals: Dataset, dataset: Dataset) -> Dataset:
    """A patient who was set aside for testing or exposure stays aside with all images."""
    aside = {case.patient_id for case in dataset.cases if case.split in (Split.TEST, Split.EXPOSURE)}
    return normals.where(lambda case: case.patient_id not in aside)


def known_abnormal(dataset: Dataset, exposure: Dataset | None = None) -> Cases:
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
        reason = f"has no image with an outlined lesion {where}, but the configuration trains on them"
        remedy = "give a data set with outlines as --exposure, or set training.exposure_share to 0"
        raise DatasetError(found.name, reason, remedy)
    return cases


def by_member(cases: Cases, members: int) -> list[Cases]:
    """The cases that each member calibrates on and never learns from, in any training; some may be empty."""
    return [tuple(case for case in cases if fold_of(case.patient_id, members) == member) for member in range(members)]


def _folds(normals: Dataset, config: ModelConfig) -> tuple[Share, ...]:
    members, training, patients = config.network.members, config.training, len(normals.patients)
    folds = by_member(normals.cases, members)
    largest = max(len({case.patient_id for case in fold}) for fold in folds)
    if not all(folds) or patients - largest < 2:  # of those who learn, one validates
        reason = f"has clean normal images of {patients} patients, too few for {members} members"
        raise DatasetError(normals.name, reason, "add normal exams of more patients, or set network.members to 1")
    shares = []
    for own in folds:
        others = tuple(case for fold in folds if fold is not own for case in fold)
        calibration = tuple(replace(case, split=Split.CALIBRATION) for case in own)
        shares.append(_share(others, calibration, training.validation_fraction, training.seed))
    return tuple(shares)


def _share(learners: Cases, calibration: Cases, validation: float, seed: int) -> Share:
    parts = split_by_patient(learners, {Split.TRAIN: 1 - validation, Split.VALIDATION: validation}, seed)
    return Share(parts[Split.TRAIN], parts[Split.VALIDATION], calibration)


def together(*parts: Cases) -> Cases:
    """All cases, each file once."""
    return tuple({case.path: case for case in chain(*parts)}.values())


def _refuse_two_splits(dataset: Dataset) -> None:
    given: dict[str, Split] = {}
    for case in dataset.cases:
        if case.split is not None and given.setdefault(case.patient_id, case.split) is not case.split:
            reason = f"patient {case.patient_id} is in the splits {given[case.patient_id]} and {case.split}"
            raise DatasetError(dataset.name, reason, "give each patient one split only")
