"""The scores of a cross-fitting's models as one score an image.

A normal image has one score, by the one model that never saw its patient. An abnormal image has one by each model,
and no model ever saw it; to take one of them would waste the others, and to take all would count it several times.
So its standardised scores, which all are robust standard deviations of normals, are averaged, and of its p-values
the middle one is taken, so that the decision is the majority's. An average is steadier than one model's score,
which may flatter the result a little; :mod:`mammolens.experiments.cross_report` gives the figure of pairs scored by
the same model beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median_high

from mammolens.evaluation.scored import ScoredImage

FOLD = "fold"  # covariate: the model that scored a normal image


def combined(folds: Mapping[int, Sequence[ScoredImage]], drawn: Mapping[str, int]) -> list[ScoredImage]:
    """One scored image a file, normals first, each with the covariate ``fold`` where one model scored it.

    Args:
        folds: scored images by fold.
        drawn: a fold for each abnormal patient: maps cannot be averaged here, so the localisation is that of this
            fold's model.
    """
    found: dict[Path, dict[int, ScoredImage]] = defaultdict(dict)
    for number, images in folds.items():
        for image in images:
            found[image.path][number] = image
    normals = [
        replace(image, covariates={**image.covariates, FOLD: str(number)})
        for by_fold in found.values()
        for number, image in by_fold.items()
        if not image.abnormal
    ]
    abnormals = [by_fold for by_fold in found.values() if all(image.abnormal for image in by_fold.values())]
    return [*normals, *(_averaged(by_fold, drawn) for by_fold in abnormals)]


def _averaged(by_fold: Mapping[int, ScoredImage], drawn: Mapping[str, int]) -> ScoredImage:
    images = list(by_fold.values())
    kept = by_fold.get(drawn[images[0].patient_id], images[0])
    raw = [image.raw_score for image in images if image.raw_score is not None]
    exam_p_values = [image.exam_p_value for image in images if image.exam_p_value is not None]
    exam_decisions = [image.exam_is_anomalous for image in images if image.exam_is_anomalous is not None]
    return replace(
        kept,
        pred_score=fmean(image.pred_score for image in images),
        p_value=median_high([image.p_value for image in images]),
        is_anomalous=_majority([image.is_anomalous for image in images]),
        raw_score=fmean(raw) if raw else None,
        member_scores={name: fmean(image.member_scores[name] for image in images) for name in kept.member_scores},
        exam_p_value=median_high(exam_p_values) if exam_p_values else None,
        exam_is_anomalous=_majority(exam_decisions) if exam_decisions else None,
    )


def _majority(decisions: Sequence[bool]) -> bool:
    """More than half of them: what the upper middle p-value decides."""
    return 2 * sum(decisions) > len(decisions)
