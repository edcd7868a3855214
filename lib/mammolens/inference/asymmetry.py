"""Left against right, as a score of its own."""

from __future__ import annotations

from mammolens.enums import Laterality
from mammolens.inference.exam import ExamScore


def asymmetry(exam: ExamScore) -> float | None:
    """Absolute difference of the breasts' scores; ``None`` if one of them was not imaged.

    In robust standard deviations if scores are standardised, so that a breast with one view can be compared with one
    with two. The configuration's ``fusion`` sets how much of it is added to the exam's score.
    """
    left, right = exam.breasts.get(Laterality.LEFT), exam.breasts.get(Laterality.RIGHT)
    return None if left is None or right is None else abs(left - right)
