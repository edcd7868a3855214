"""The split of patients into training, calibration and gate, which is the same in every training."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.splits import draw_share
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.promotion.holdout import hold_out

_FEWEST = 2  # patients: to train on, to validate on
_OF_GATE, _OF_CALIBRATION = 0, 1  # seeds; with others, models have learned from patients who are now held out


@dataclass(frozen=True, slots=True)
class PatientSplit:
    """A site's eligible normals, split by patient.

    Attributes:
        training: to train and calibrate on, as the cases' splits say.
        held_out: normal images for the gate.
    """

    training: Dataset
    held_out: Dataset


def split_for_training(
    normals: Dataset, *, held_out_share: float, calibration_share: float, excluded: Collection[str]
) -> PatientSplit:
    """Split the eligible normals for a training.

    A patient's part depends on the patient id alone. As the number of eligible images grows, no model is calibrated or
    tested on patients that it, or an earlier model that it continues, was trained on. If there are too few patients to
    calibrate or train on, those nearest to the limit of the draw are moved.

    Suspect normals are not used for training, but for calibration and the gate: without the highest scores the
    threshold would be too low, and more normal patients than intended would be flagged.

    Args:
        normals: all eligible ones.
        held_out_share: of patients, for the gate.
        calibration_share: of the others.
        excluded: ids of exams that are not used for training.

    Raises:
        DatasetError: too few patients are left for training.
    """
    rest, held_out = hold_out(normals, held_out_share, _OF_GATE)
    may_train = rest.where(lambda case: case.attributes.exam_id not in excluded)
    calibrates = _calibrating(rest.patients, set(may_train.patients), calibration_share)
    train = may_train.where(lambda case: case.patient_id not in calibrates)
    if len(train.patients) < _FEWEST:
        left_out = f"{len(held_out.patients)} of them held out for the gate"
        reason = f"of {len(normals.patients)} patients with eligible images, {left_out}, too few are left for training"
        raise DatasetError(normals.name, reason, "confirm normal exams of more patients")
    calibrating = rest.where(lambda case: case.patient_id in calibrates)
    cases = (*_in(Split.TRAIN, train), *_in(Split.CALIBRATION, calibrating))
    return PatientSplit(replace(rest, cases=cases), held_out)


def split_for_calibration(
    normals: Dataset, *, held_out_share: float, calibration_share: float, trained_here: bool
) -> PatientSplit:
    """Split the eligible normals for a calibration of the serving model.

    Args:
        normals: all eligible ones.
        held_out_share: of patients, for the gate.
        calibration_share: of the others, as in trainings.
        trained_here: the model was trained on some of these patients; it is calibrated on the others only.

    Raises:
        DatasetError: no patient is left.
    """
    rest, held_out = hold_out(normals, held_out_share, _OF_GATE)
    calibrating = hold_out(rest, calibration_share, _OF_CALIBRATION)[1] if trained_here else rest
    if not calibrating.patients:
        reason = f"none of the {len(normals.patients)} patients with eligible images is left to calibrate on"
        raise DatasetError(normals.name, reason, "confirm normal exams of more patients")
    return PatientSplit(replace(rest, cases=_in(Split.CALIBRATION, calibrating)), held_out)


def _calibrating(patients: Sequence[str], may_train: Collection[str], share: float) -> frozenset[str]:
    """The patients drawn for calibration; at least one, and so few that enough are left to train on."""
    order = sorted(patients, key=lambda patient: draw_share(patient, _OF_CALIBRATION))
    count = max(1, sum(draw_share(patient, _OF_CALIBRATION) < share for patient in patients))
    while count > 1 and sum(patient in may_train for patient in order[count:]) < _FEWEST:
        count -= 1
    return frozenset(order[:count])


def _in(split: Split, dataset: Dataset) -> tuple[Case, ...]:
    return tuple(replace(case, split=split) for case in dataset.cases)
