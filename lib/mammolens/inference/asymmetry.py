"""Left against right, as a score of its own."""

from __future__ import annotations

from mammolens.enums import Laterality
from mammolens.inference.exam import ExamScore


def asymmetry(exam: ExamScore) -> float | None:
    """Difference of the breasts' scores, whichever is higher; ``None`` where one of them was not imaged.

    In robust standard deviations where scores are standardised, so that a breast seen in one view only can be
    set against one seen in two. How much of it counts in the exam's score is the configuration's ``fusion``.
    """
    left, right = exam.breasts.get(Laterality.LEFT), exam.breasts.get(Laterality.RIGHT)
    return None if left is None or right is None else abs(left - right)
