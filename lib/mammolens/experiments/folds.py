"""Folds of patients: training cases and scored cases of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.normals import clean_normals
from mammolens.datasets.splits import assign_folds
from mammolens.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Fold:
    """One model of a cross-fitting.

    Attributes:
        number: from 1.
        training: clean normal images of the other folds' patients, without splits.
        scored: those of this fold's patients, and every abnormal image; no patient of ``training`` among them.
    """

    number: int
    training: Dataset
    scored: tuple[Case, ...]


def cross_folds(dataset: Dataset, folds: int, seed: int) -> list[Fold]:
    """Assign the clean-negative patients of all splits to folds.

    A patient with an abnormal image is not a clean negative (:mod:`mammolens.datasets.normals`); images that are
    neither clean normals nor abnormal are left out.

    Args:
        dataset: with truth; its splits are ignored.
        folds: 2 or more.
        seed: of the assignment.

    Raises:
        DatasetError: fewer clean-negative patients than folds, or no abnormal image.
    """
    abnormals = dataset.where(lambda case: case.abnormal is True)
    normals = clean_normals(dataset)
    if not abnormals.cases:
        raise DatasetError(dataset.name, "has no abnormal image", "add abnormal images, or their truth")
    if folds < 2 or len(normals.patients) < folds:
        reason = f"{len(normals.patients)} clean-negative patients cannot be divided into {folds} folds"
        raise DatasetError(dataset.name, reason, "add normal exams of more patients, or ask for 2 or more folds")
    fold_of = assign_folds(normals.cases, folds, seed)
    unsplit = replace(normals, cases=tuple(replace(case, split=None) for case in normals.cases))
    return [
        Fold(
            number=number,
            training=unsplit.where(lambda case, number=number: fold_of[case.patient_id] != number),  # type: ignore[misc]
            scored=(*(case for case in normals.cases if fold_of[case.patient_id] == number), *abnormals.cases),
        )
        for number in range(1, folds + 1)
    ]
