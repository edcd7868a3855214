"""Tenths of normal exams or breasts: the small number that people read."""

from __future__ import annotations

import math
from typing import Final

from scipy.stats import beta

DECILES: Final = 10
_ROUNDING = 1e-9  # 10 * 0.1 is one tenth despite floating-point errors


def decile(p_value: float) -> int:
    """The tenth of normal patients that a p-value falls in, 1 to 10; 10 is the most anomalous.

    Of new normal patients, exchangeable with those of the calibration, at most one in ten gets a 10, two in ten at
    least a 9, and so on, on average over calibrations.

    Args:
        p_value: conformal, in (0, 1].

    Example:
        >>> [decile(p_value) for p_value in (1.0, 0.5, 0.11, 0.1, 0.01)]
        [1, 6, 9, 10, 10]
    """
    return min(DECILES, DECILES + 1 - math.ceil(DECILES * p_value - _ROUNDING))


def highest_decile(patients: int) -> int:
    """The highest decile that a calibration on this many patients can give: 10 takes nine."""
    return decile(1 / (patients + 1))


def top_decile_range(patients: int, level: float = 0.95) -> tuple[float, float]:
    """Shares between which that of normal patients in the top decile lies, with probability ``level``.

    The probability is over which patients calibrate: the share beyond the ``k``-th highest of ``n`` exchangeable
    scores has the distribution Beta(k, n + 1 - k) (Vovk 2012).

    Args:
        patients: of the calibration, at least nine.
        level: within (0, 1).
    """
    beyond = int((patients + 1) / DECILES + _ROUNDING)
    law = beta(beyond, patients + 1 - beyond)
    return float(law.ppf((1 - level) / 2)), float(law.ppf((1 + level) / 2))
