"""Split-conformal p-values with the patient as the unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, count

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr


def min_patients(alpha: float, confidence: float | None = None) -> int:
    """Number of normal patients needed to flag any exam at ``alpha``: by p-value, or with a confidence."""
    if confidence is None:
        return next(n for n in count(1) if 1 / (n + 1) <= alpha)
    return next(n for n in count(1) if bdtr(0, n, alpha) <= 1 - confidence)


@dataclass(frozen=True, slots=True, eq=False)
class ConformalScale:
    """Scores of normal patients; each patient has weight one, however many images there are.

    For a new normal patient, exchangeable with these, and one of the patient's images drawn at random, the probability
    of a p-value of at most alpha is at most alpha (Vovk 2005; hierarchical data: Lee, Barber and
    Willett 2023, each observation weighing one over its group's size).

    Attributes:
        scores: ``(n,)`` float64, rising.
        p_values: ``(n + 1,)`` float64, falling; element ``i`` is the p-value of a new score above ``i`` of the
            ``scores``.
        highest: ``(patients,)`` float64, rising; the highest score of each patient.
    """

    scores: NDArray[np.float64]
    p_values: NDArray[np.float64]
    highest: NDArray[np.float64]

    @property
    def patients(self) -> int:
        """How many patients the scores come from."""
        return len(self.highest)

    @property
    def weights(self) -> NDArray[np.float64]:
        """``(n,)``, of each score: its share of all patients, together 1."""
        return np.asarray(-np.diff(self.p_values) * (self.patients + 1) / self.patients)

    @classmethod
    def of(cls, scores: NDArray[np.float64], patients: NDArray[np.str_]) -> ConformalScale:
        """From one finite score and one patient id an observation, in any order; at least one."""
        if len(scores) == 0 or not np.isfinite(scores).all():
            raise ValueError("a conformal scale needs scores, all finite")
        _, inverse, counts = np.unique(patients, return_inverse=True, return_counts=True)
        order = np.argsort(scores, kind="stable")
        # Weights in whole parts of a patient: three times 1/3 is one patient, never a little more.
        part = math.lcm(*counts.tolist())
        weights = [part // int(images) for images in counts[inverse][order]]
        at_least = [*accumulate(reversed(weights), initial=0)][::-1]
        p_values = [(part + weight) / (part * (len(counts) + 1)) for weight in at_least]
        highest = np.full(len(counts), -np.inf)
        np.maximum.at(highest, inverse, scores)
        return cls(np.asarray(scores, dtype=np.float64)[order], np.array(p_values), np.sort(highest))

    def p_value(self, score: float) -> float:
        """``(1 + patients that score at least as high) / (patients + 1)``, shares of patients added up."""
        return float(self.p_values[np.searchsorted(self.scores, score, side="left")])

    def patients_below(self, score: float) -> int:
        """How many patients have no score as high."""
        return int(np.searchsorted(self.highest, score, side="left"))

    def threshold(self, alpha: float) -> float:
        """The lowest score with a p-value of at most ``alpha``; infinite with too few patients."""
        flagged = np.flatnonzero(self.p_values <= alpha)
        if not len(flagged):
            return float("inf")
        below = int(flagged[0]) - 1
        return float(np.nextafter(self.scores[below], np.inf)) if below >= 0 else float("-inf")

    def confident_threshold(self, alpha: float, confidence: float) -> float:
        """A score that at most a share ``alpha`` of all normal patients reach, with probability ``confidence``.

        The probability is over the choice of calibration patients ('training-conditional', Vovk 2012): for any
        distribution of scores, a threshold that at most ``k`` of ``n`` calibration patients reach lets more than
        ``alpha`` of all patients through with a probability of at most that of ``k`` or fewer successes of ``n`` at
        ``alpha``.
        A patient counts as soon as one score reaches it, so that patients are independent draws.
        Infinite with too few patients: 22 are the fewest at 0.1 and 0.9.
        """
        reaching = np.arange(self.patients)
        allowed = np.flatnonzero(bdtr(reaching, self.patients, alpha) <= 1 - confidence)
        if not len(allowed):
            return float("inf")
        return float(np.nextafter(self.highest[-1 - int(allowed[-1])], np.inf))
