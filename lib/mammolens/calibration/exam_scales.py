"""Scales of exams by how many views they have: a mean over fewer views spreads wider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mammolens.calibration.groups import GroupedScale
from mammolens.calibration.sub_exams import Breast, Shape, shape_of, sub_exams


@dataclass(frozen=True, slots=True)
class FusedExam:
    """One normal exam: its fused score, and the standardised scores of each breast's images where they are known."""

    patient: int
    acquisition_group: str | None
    score: float
    breasts: tuple[Breast, ...]


@dataclass(frozen=True, eq=False)
class ExamScales:
    """A new exam is compared with normal exams reduced to the same number of views of as many breasts.

    A normal exam with fewer views counts with the closest number. Each patient has weight one, however many exams
    result.

    Attributes:
        exams: at least one.
        fuse: of breasts to the score.
        group_patients: the fewest patients for a scale of their own.
    """

    exams: Sequence[FusedExam]
    fuse: Callable[[tuple[Breast, ...]], float]
    group_patients: int
    _by_shape: dict[Shape, GroupedScale] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def whole(self) -> GroupedScale:
        """Of the exams as they are."""
        return self._scale([[exam.score] for exam in self.exams])

    def of_shape(self, shape: Shape) -> GroupedScale:
        """Of exams with this shape."""
        # No exam counts as larger than the largest, so the number of stored shapes is bounded for any exams.
        kept = tuple(map(min, shape, self._largest))
        if kept not in self._by_shape:
            self._by_shape[kept] = self._scale([self._scores(exam, kept) for exam in self.exams])
        return self._by_shape[kept]

    @cached_property
    def _largest(self) -> Shape:
        shapes = [shape_of(exam.breasts) for exam in self.exams]
        breasts = max(map(len, shapes))
        return tuple(max(shape[at] for shape in shapes if at < len(shape)) for at in range(breasts))

    def _scores(self, exam: FusedExam, shape: Shape) -> list[float]:
        if not exam.breasts:
            return [exam.score]
        parts = sub_exams(exam.breasts, shape)
        return [exam.score] if parts == [exam.breasts] else [self.fuse(part) for part in parts]

    def _scale(self, scores: Sequence[Sequence[float]]) -> GroupedScale:
        flat = [(score, exam) for exam, own in zip(self.exams, scores, strict=True) for score in own]
        return GroupedScale.of(
            [score for score, _ in flat],
            [exam.patient for _, exam in flat],
            [exam.acquisition_group for _, exam in flat],
            self.group_patients,
        )
