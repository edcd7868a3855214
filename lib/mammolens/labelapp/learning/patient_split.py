"""Who learns, who calibrates and who is held back for the gate: by patient, the same in every training to come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.promotion.holding_back import hold_back, place_of

_FEWEST = 2  # patients who teach: to train on, to validate on
_OF_GATE, _OF_CALIBRATION = 0, 1  # seeds; with others, models have learned from patients who are now held back


@dataclass(frozen=True, slots=True)
class Parts:
    """A site's accepted normals, no patient in two parts.

    Attributes:
        learners: to learn from and to calibrate on, as their splits say.
        held_back: normal images for the gate.
    """

    learners: Dataset
    held_back: Dataset


def parts_to_learn(
    normals: Dataset, *, held_back_share: float, calibration_share: float, aside: Collection[str]
) -> Parts:
    """Part the accepted normals for a training.

    A patient's part hangs on her id alone: as the accepted grow in number, nobody who calibrates or judges a later
    model has taught an earlier one, of which the later one may be a continuation. Where patients are so few that the
    draw leaves nobody to calibrate on, or too few to learn from, it moves those whose draw lies nearest.

    Images that wait for a second look teach nobody. In calibration and in the gate they stay: without the highest
    scores a threshold would be too low, and more normal patients than promised would be flagged.

    Args:
        normals: all accepted ones.
        held_back_share: of patients, for the gate.
        calibration_share: of the others.
        aside: ids of the exams that teach nobody.

    Raises:
        DatasetError: too few patients are left to learn from.
    """
    rest, held_back = hold_back(normals, held_back_share, _OF_GATE)
    may_teach = rest.where(lambda case: case.attributes.exam_id not in aside)
    calibrates = _calibrating(rest.patients, set(may_teach.patients), calibration_share)
    teaching = may_teach.where(lambda case: case.patient_id not in calibrates)
    if len(teaching.patients) < _FEWEST:
        left_out = f"{len(held_back.patients)} of whom are held back to judge by"
        reason = f"of {len(normals.patients)} patients with accepted images, {left_out}, too few are left to learn from"
        raise DatasetError(normals.name, reason, "confirm normal exams of more patients")
    calibrating = rest.where(lambda case: case.patient_id in calibrates)
    cases = (*_in(Split.TRAIN, teaching), *_in(Split.CALIBRATION, calibrating))
    return Parts(replace(rest, cases=cases), held_back)


def parts_to_calibrate(
    normals: Dataset, *, held_back_share: float, calibration_share: float, taught_here: bool
) -> Parts:
    """Part the accepted normals for a calibration of the serving model.

    Args:
        normals: all accepted ones.
        held_back_share: of patients, for the gate.
        calibration_share: of the others, as in trainings.
        taught_here: the model learned from a part of these patients; only those who never teach calibrate it.

    Raises:
        DatasetError: nobody is left.
    """
    rest, held_back = hold_back(normals, held_back_share, _OF_GATE)
    calibrating = hold_back(rest, calibration_share, _OF_CALIBRATION)[1] if taught_here else rest
    if not calibrating.patients:
        reason = f"none of the {len(normals.patients)} patients with accepted images is left to calibrate on"
        raise DatasetError(normals.name, reason, "confirm normal exams of more patients")
    return Parts(replace(rest, cases=_in(Split.CALIBRATION, calibrating)), held_back)


def _calibrating(patients: Sequence[str], may_teach: Collection[str], share: float) -> frozenset[str]:
    """The share that the draw says; at least one, and otherwise so few that enough are left to teach."""
    order = sorted(patients, key=lambda patient: place_of(patient, _OF_CALIBRATION))
    count = max(1, sum(place_of(patient, _OF_CALIBRATION) < share for patient in patients))
    while count > 1 and sum(patient in may_teach for patient in order[count:]) < _FEWEST:
        count -= 1
    return frozenset(order[:count])


def _in(split: Split, dataset: Dataset) -> tuple[Case, ...]:
    return tuple(replace(case, split=split) for case in dataset.cases)
