"""The band of the realised false-positive rate of a conformal decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy  # its stats are imported once they are used, which takes half a second
from numpy.typing import NDArray

_ROUNDING = 1e-9  # 0.1 * 30 is three patients despite floating-point errors


@dataclass(frozen=True, slots=True)
class EvaluatedPatients:
    """New patients compared with the same calibration patients; ``None`` if their number is unknown."""

    patients: int
    calibration_patients: int | None


def rate_band(parts: Iterable[EvaluatedPatients], alpha: float, level: float = 0.95) -> tuple[float, float]:
    """Shares between which the flagged part of new normal patients lies with probability ``level``.

    Binomial at alpha, widened by what a finite calibration makes of it: of ``m`` patients exchangeable with ``c``
    calibration patients a beta-binomial number is flagged, with ``l = floor(alpha (c + 1))`` and ``c + 1 - l`` as its
    parameters (Vovk 2012; Angelopoulos and Bates 2023, 3.2). For many calibration patients that is the binomial band,
    which is also used if their number is unknown. Patients are the trials, because images of one patient are not
    independent.

    Args:
        parts: one for each calibration scale (machines with patients enough have their own); they are independent.
        alpha: nominal share of normal patients flagged, in [0, 1].
        level: of the band, within (0, 1).

    Raises:
        ValueError: no patient.
    """
    flagged = np.ones(1)
    for part in parts:
        flagged = np.convolve(flagged, _law(part, alpha))
    patients = len(flagged) - 1
    if patients < 1:
        raise ValueError("a rate needs at least one patient")
    up_to = np.cumsum(flagged)
    tail = (1 - level) / 2
    low, high = np.searchsorted(up_to, [tail, 1 - tail - _ROUNDING])
    return float(low) / patients, float(min(high, patients)) / patients


def upper_rate(patients: int, alpha: float, level: float = 0.95) -> float:
    """The highest flagged share that agrees with a rate of at most alpha, binomial, with probability ``level``."""
    return float(scipy.stats.binom.ppf(level, patients, alpha)) / patients


def _law(part: EvaluatedPatients, alpha: float) -> NDArray[np.float64]:
    """Probability of each number of flagged patients, ``(patients + 1,)``."""
    numbers = np.arange(part.patients + 1)
    if part.calibration_patients is None:
        return np.asarray(scipy.stats.binom.pmf(numbers, part.patients, alpha), dtype=np.float64)
    reached = int(alpha * (part.calibration_patients + 1) + _ROUNDING)
    beyond = part.calibration_patients + 1 - reached
    if reached == 0 or beyond == 0:
        return np.asarray(numbers == (0 if beyond else part.patients), dtype=np.float64)
    law = scipy.stats.betabinom.pmf(numbers, part.patients, reached, beyond)
    return np.asarray(law, dtype=np.float64)
