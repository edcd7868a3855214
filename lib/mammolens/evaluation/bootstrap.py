"""Intervals by resampling patients: images of one patient are not independent of each other.

Cluster bootstrap with percentile intervals (Efron and Tibshirani 1993; Field and Welsh 2007). It describes
the sampling of test patients only, not that of training or calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammolens.evaluation.metrics import Weights
from mammolens.evaluation.scored import Bools, Floats, Texts

Statistic = Callable[[Weights], Floats]
ScoreMetric = Callable[[Bools, Floats, Weights], Floats]

_CELLS_AT_ONCE = 1_000_000  # resamples x rows in memory together: 8 MB for each temporary array


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the bounds of its interval, NaN where undefined, and the patients behind it."""

    value: float
    low: float
    high: float
    n_patients: int


@dataclass(frozen=True, slots=True, eq=False)
class PatientBootstrap:
    """Resamples drawn once, for any number of statistics of the same rows.

    Attributes:
        patient_of: ``(rows,)`` int, the patient of each row.
        draws: ``(n, patients)`` uint16, how often each resample holds each patient.
    """

    patient_of: NDArray[np.intp]
    draws: NDArray[np.uint16]

    @classmethod
    def of(cls, patients: Texts, abnormal: Bools, n: int = 2000, seed: int = 0) -> PatientBootstrap:
        """Draw ``n`` resamples, from patients with an abnormal row and from those without one separately.

        Raises:
            ValueError: when the columns differ in length or ``n`` is not positive.
        """
        if patients.shape != abnormal.shape or n < 1:
            raise ValueError(f"{patients.shape} patients, {abnormal.shape} labels, {n} resamples do not fit")
        names, patient_of = np.unique(patients, return_inverse=True)
        is_abnormal = np.zeros(len(names), dtype=np.bool_)
        is_abnormal[patient_of[abnormal]] = True
        rng = np.random.default_rng(seed)
        draws = np.zeros((n, len(names)), dtype=np.uint16)
        for stratum in (np.flatnonzero(~is_abnormal), np.flatnonzero(is_abnormal)):
            if size := len(stratum):
                draws[:, stratum] = rng.multinomial(size, np.full(size, 1 / size), size=n)
        return cls(patient_of, draws)

    def replicates(self, statistic: Statistic) -> Floats:
        """The statistic of every resample, ``(n, ...)``; it gets weights ``(m, rows)`` and returns ``(m, ...)``."""
        step = max(1, _CELLS_AT_ONCE // max(1, len(self.patient_of)))
        parts = [self.draws[start : start + step] for start in range(0, len(self.draws), step)]
        return np.concatenate([statistic(part[:, self.patient_of].astype(np.float64)) for part in parts])

    def interval(self, statistic: Statistic, level: float = 0.95) -> Interval:
        """The statistic of the sample itself and its percentile interval; undefined resamples are left out.

        Raises:
            ValueError: for a level outside (0, 1).
        """
        if not 0 < level < 1:
            raise ValueError(f"a level must lie within (0, 1), not {level}")
        value = float(statistic(np.ones((1, len(self.patient_of))))[0])
        drawn = self.replicates(statistic)
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if drawn.size else (np.nan, np.nan)
        return Interval(value, float(low), float(high), self.draws.shape[1])


def bootstrap_by_patient(
    patients: Texts, abnormal: Bools, statistic: Statistic, *, n: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Interval of a statistic of rows ``(rows,)``, resampling patients with all their rows, by class of patient.

    Raises:
        ValueError: see :meth:`PatientBootstrap.of` and :meth:`PatientBootstrap.interval`.
    """
    return PatientBootstrap.of(patients, abnormal, n, seed).interval(statistic, level)


def difference(metric: ScoreMetric, abnormal: Bools, scores: Floats, other: Floats) -> Statistic:
    """The statistic 'metric of ``scores`` minus metric of ``other``', of the same rows in the same resamples."""
    return lambda weights: metric(abnormal, scores, weights) - metric(abnormal, other, weights)
