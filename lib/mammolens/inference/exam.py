"""Views fused to breasts, breasts to the exam."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mammolens.calibration.fusion import breast_score, exam_score
from mammolens.calibration.sub_exams import Breast, Shape, shape_of
from mammolens.config import FusionConfig
from mammolens.dicom.image_kind import without_synthetic_twins
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
        views: scores of each breast's images.
        exam: of all breasts.
        acquisition_group: of all images that count; ``None`` where it is not known or they are of several.
    """

    breasts: dict[Laterality | None, float]
    views: dict[Laterality | None, Breast]
    exam: float
    acquisition_group: str | None

    @property
    def shape(self) -> Shape:
        """Images of each breast, the most first."""
        return shape_of(list(self.views.values()))

    @property
    def shape_of_sides(self) -> Shape:
        """The same of the breasts whose side is known."""
        return shape_of([scores for side, scores in self.views.items() if side is not None])


def fuse(scores: Sequence[ImageScore], fusion: FusionConfig) -> ExamScore:
    """Fuse the views of one exam.

    Every SOP instance counts once, the last score of it wins; a synthetic view does not count if there is its exposed
    twin.

    Args:
        scores: at least one, all of the same exam.
        fusion: of views to breasts, and of breasts to the exam.
    """
    views: dict[Laterality | None, list[float]] = defaultdict(list)
    instances = {score.header.sop_instance_uid: score for score in scores}
    counted = without_synthetic_twins(list(instances.values()), lambda score: score.header)
    for score in counted:
        views[score.header.laterality].append(score.pred_score)
    breasts = {side: breast_score(values, fusion) for side, values in views.items()}
    groups = {score.header.acquisition_group for score in counted}
    return ExamScore(
        breasts,
        {side: tuple(values) for side, values in views.items()},
        exam_score(list(breasts.values()), fusion),
        groups.pop() if len(groups) == 1 else None,
    )
