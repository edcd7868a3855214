"""Exams as units of their own, with the decision that the model promises for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mammolens.evaluation.scored import Fusion, ScoredImage, fused


def decided_exams(images: Sequence[ScoredImage], fusion: Fusion = "mean") -> list[ScoredImage]:
    """Each exam whose decision is known, as if it were one image: its score, p-value, decision and truth.

    Path, site, machine and covariates are those of its first image.
    """
    exams: dict[tuple[str, str], list[ScoredImage]] = defaultdict(list)
    for image in images:
        exams[image.patient_id, image.exam_id].append(image)
    return [_exam(members, fusion) for members in exams.values() if _is_decided(members[0])]


def _is_decided(image: ScoredImage) -> bool:
    return image.exam_p_value is not None and image.exam_is_anomalous is not None


def _exam(images: Sequence[ScoredImage], fusion: Fusion) -> ScoredImage:
    first = images[0]
    return replace(
        first,
        abnormal=any(image.abnormal for image in images),
        pred_score=float(fused(images, "exam", fusion).scores[0]),
        p_value=first.exam_p_value or 0.0,
        is_anomalous=bool(first.exam_is_anomalous),
        localisations={},
    )
