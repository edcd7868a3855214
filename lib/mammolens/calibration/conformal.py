"""Split-conformal p-values with the patient as the unit."""

from __future__ import annotations

from dataclasses import dataclass

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
        weights: ``(n,)`` float64, one over the number of scores of the same patient.
        patients: how many patients the scores come from.
    """

    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    patients: int

    @classmethod
    def of(cls, scores: NDArray[np.float64], patients: NDArray[np.str_]) -> ConformalScale:
        """From one score and one patient id an observation, in any order; at least one."""
        if len(scores) == 0:
            raise ValueError("a conformal scale needs at least one score")
        _, inverse, counts = np.unique(patients, return_inverse=True, return_counts=True)
        order = np.argsort(scores, kind="stable")
        weights = 1.0 / counts[inverse]
        return cls(np.asarray(scores, dtype=np.float64)[order], weights[order], len(counts))

    def p_value(self, score: float) -> float:
        """``(1 + patients that score at least as high) / (patients + 1)``, shares of patients added up."""
        at_least = float(self.weights[np.searchsorted(self.scores, score, side="left") :].sum())
        return min(1.0, (1.0 + at_least) / (self.patients + 1.0))

    def threshold(self, alpha: float) -> float:
        """The lowest score with a p-value of at most ``alpha``; infinite with too few patients."""
        tail = np.append(np.cumsum(self.weights[::-1])[::-1], 0.0)
        allowed = alpha * (self.patients + 1.0) - 1.0
        if allowed < -1e-9:
            return float("inf")
        first = int(np.argmax(tail <= allowed + 1e-9))
        return float(np.nextafter(self.scores[first - 1], np.inf)) if first else float(self.scores[0])
