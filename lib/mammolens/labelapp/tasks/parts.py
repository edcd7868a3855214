"""Who learns, who calibrates and who is held back for the gate: by patient, the same in every training to come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.promotion.holding_back import hold_back

_FEWEST = 3  # patients: to train on, to validate on, to calibrate on
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
    model has taught an earlier one, of which the later one may be a continuation.

    Images that wait for a second look teach nobody. In calibration and in the gate they stay: without the highest
    scores a threshold would be too low, and more normal patients than promised would be flagged.

    Args:
        normals: all accepted ones.
        held_back_share: of patients, for the gate.
        calibration_share: of the others.
        aside: ids of the exams that wait for a second look.

    Raises:
        DatasetError: too few patients are left to learn from.
    """
    rest, held_back = hold_back(normals, held_back_share, _OF_GATE)
    teaching, calibrating = hold_back(rest, calibration_share, _OF_CALIBRATION)
    teaching = teaching.where(lambda case: case.attributes.exam_id not in aside)
    known = len(normals.patients)
    if len({*teaching.patients, *calibrating.patients}) < _FEWEST:
        left_out = f"{len(held_back.patients)} of whom are held back to judge by"
        reason = f"of {known} patients with accepted images, {left_out}, too few are left to learn from"
        raise DatasetError(normals.name, reason, "confirm normal exams of more patients")
    if len(teaching.patients) < _FEWEST - 1 or not calibrating.patients:
        # So few that the draw left a part empty: better another one now than none.
        return Parts(replace(rest, cases=(*teaching.cases, *calibrating.cases)), held_back)
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


def _in(split: Split, dataset: Dataset) -> tuple[Case, ...]:
    return tuple(replace(case, split=split) for case in dataset.cases)
