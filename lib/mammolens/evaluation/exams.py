"""Exams as units of their own: their decisions, and what they consist of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mammolens.config import MEANS, FusionConfig
from mammolens.evaluation.results import ClassMean
from mammolens.evaluation.scored import ScoredImage, fused


def exams_with_decision(images: Sequence[ScoredImage], fusion: FusionConfig = MEANS) -> list[ScoredImage]:
    """Each exam whose decision is known, as if it were one image: its score, p-value, decision and truth.

    Path, site, machine and covariates are those of its first image.
    """
    return [_exam(members, fusion) for members in _members(images) if _is_decided(members[0])]


def images_per_exam(images: Sequence[ScoredImage]) -> ClassMean:
    """Mean number of images of normal and of abnormal exams."""
    return _mean([(len(members), _is_abnormal(members)) for members in _members(images)])


def breasts_per_exam(images: Sequence[ScoredImage]) -> ClassMean:
    """Mean number of breasts of normal and of abnormal exams, of those with an image whose laterality is known."""
    sides = [({image.laterality for image in members} - {None}, _is_abnormal(members)) for members in _members(images)]
    return _mean([(len(breasts), abnormal) for breasts, abnormal in sides if breasts])


def _members(images: Sequence[ScoredImage]) -> list[list[ScoredImage]]:
    """The images of each exam, exams in order of appearance."""
    exams: dict[tuple[str, str], list[ScoredImage]] = defaultdict(list)
    for image in images:
        exams[image.patient_id, image.exam_id].append(image)
    return list(exams.values())


def _is_abnormal(members: Sequence[ScoredImage]) -> bool:
    return any(image.abnormal for image in members)


def _mean(counts: Sequence[tuple[int, bool]]) -> ClassMean:
    """Of (count, abnormal) pairs, by class."""
    by_class = ([count for count, abnormal in counts if abnormal is wanted] for wanted in (False, True))
    return ClassMean(*(float(np.mean(members)) if members else float("nan") for members in by_class))


def _is_decided(image: ScoredImage) -> bool:
    return image.exam_p_value is not None and image.exam_is_anomalous is not None


def _exam(images: Sequence[ScoredImage], fusion: FusionConfig) -> ScoredImage:
    first = images[0]
    return replace(
        first,
        abnormal=_is_abnormal(images),
        pred_score=float(fused(images, "exam", fusion).scores[0]),
        p_value=first.exam_p_value or 0.0,
        is_anomalous=bool(first.exam_is_anomalous),
        localisations={},
    )
