"""Split-conformal p-values with the patient as the unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ConformalScale:
    """Scores of normal patients, each patient weighing one, however many images she has.

    For a new normal patient, exchangeable with these, and one image drawn from hers, the chance of
    a p-value of at most alpha is at most alpha (Vovk 2005; hierarchical data: Lee, Barber and
    Willett 2023, each observation weighing one over its group's size).

    Attributes:
        scores: ``(n,)`` float64, rising.
        p_values: ``(n + 1,)`` float64, falling; the p-value of a new score that ``i`` of ``scores``
            lie below stands at place ``i``.
        patients: how many patients the scores come from.
    """

    scores: NDArray[np.float64]
    p_values: NDArray[np.float64]
    patients: int

    @classmethod
    def of(cls, scores: NDArray[np.float64], patients: NDArray[np.str_]) -> ConformalScale:
        """From one finite score and one patient id an observation, in any order; at least one."""
        if len(scores) == 0 or not np.isfinite(scores).all():
            raise ValueError("a conformal scale needs scores, all finite")
        _, inverse, counts = np.unique(patients, return_inverse=True, return_counts=True)
        order = np.argsort(scores, kind="stable")
        # Weights in whole parts of a patient: three times 1/3 is one patient, never a little more.
        part = math.lcm(*counts.tolist())
        weights = [part // int(count) for count in counts[inverse][order]]
        at_least = [*accumulate(reversed(weights), initial=0)][::-1]
        p_values = [(part + count) / (part * (len(counts) + 1)) for count in at_least]
        return cls(np.asarray(scores, dtype=np.float64)[order], np.array(p_values), len(counts))

    def p_value(self, score: float) -> float:
        """``(1 + patients that score at least as high) / (patients + 1)``, shares of patients added up."""
        return float(self.p_values[np.searchsorted(self.scores, score, side="left")])

    def threshold(self, alpha: float) -> float:
        """The lowest score with a p-value of at most ``alpha``; infinite with too few patients."""
        flagged = np.flatnonzero(self.p_values <= alpha)
        if not len(flagged):
            return float("inf")
        below = int(flagged[0]) - 1
        return float(np.nextafter(self.scores[below], np.inf)) if below >= 0 else float("-inf")
