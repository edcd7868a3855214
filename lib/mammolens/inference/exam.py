"""Views fused to breasts, breasts to the exam."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from mammolens.enums import Laterality
from mammolens.types import ImageHeader


@dataclass(frozen=True, slots=True)
class ImageScore:
    """One image's score, as much as an exam needs to know of it.

    Attributes:
        header: whose view, laterality and machine count.
        pred_score: standardised; what is fused.
        raw_score: the network's own.
    """

    header: ImageHeader
    pred_score: float
    raw_score: float


@dataclass(frozen=True, slots=True)
class ExamScore:
    """Fused scores of one exam.

    Attributes:
        breasts: by side; images of unknown side are a breast of their own.
        exam: of all breasts.
        acquisition_group: of all images; ``None`` where it is not known or they are of several.
    """

    breasts: dict[Laterality | None, float]
    exam: float
    acquisition_group: str | None


def fuse(scores: Sequence[ImageScore], fusion: Literal["mean", "max"]) -> ExamScore:
    """Fuse the views of one exam; every SOP instance counts once, the last score of it wins.

    Args:
        scores: at least one, all of the same exam.
        fusion: of views to breasts and again of breasts to the exam.
    """
    combine: Callable[[Sequence[float]], float] = fmean if fusion == "mean" else max
    breasts: dict[Laterality | None, list[float]] = defaultdict(list)
    for score in {score.header.sop_instance_uid: score for score in scores}.values():
        breasts[score.header.laterality].append(score.pred_score)
    fused = {laterality: combine(values) for laterality, values in breasts.items()}
    groups = {score.header.acquisition_group for score in scores}
    return ExamScore(fused, combine(list(fused.values())), groups.pop() if len(groups) == 1 else None)
