"""Test whether the p-values of normal patients are uniform."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy  # its stats are imported once they are used, which takes half a second
from numpy.typing import NDArray


class Shift(StrEnum):
    """Direction of the scores relative to the calibration."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Uniformity:
    """How far p-values are from the uniform distribution.

    Attributes:
        n: p-values.
        distance: largest distance of their distribution function from the uniform one, in [0, 1].
        p_value: of the Kolmogorov-Smirnov test, the probability of so large a distance if nothing has changed.
        shift: whether there are too many small p-values (scores moved up) or too many large ones.
        location: the p-value at which the distance is largest; the same share of p-values is expected below it.
        share: of the p-values that lie below it.
    """

    n: int
    distance: float
    p_value: float
    shift: Shift
    location: float
    share: float


def uniformity(p_values: NDArray[np.float64], calibration_patients: int | None = None) -> Uniformity:
    """The Kolmogorov-Smirnov distance of conformal p-values from uniform.

    A conformal p-value is a rank among the calibration's scores, so this is the two-sample test of new scores against
    those (Smirnov 1939; Vovk, Gammerman and Shafer 2005, 8.2: p-values are uniform as long as nothing has changed).
    Tested by the law of one sample of ``n c / (n + c)`` values (Massey 1951), since ``c`` calibration patients are a
    sample as well: an unlucky calibration is not a drift. What the grid of the p-values, steps of 1/(c + 1), adds to
    the distance is subtracted.

    Args:
        p_values: ``(n,)`` float64 in (0, 1], one a patient; at least one.
        calibration_patients: number of patients behind the p-values; ``None``: enough for it not to matter.

    Raises:
        ValueError: no p-value, or one outside [0, 1].
    """
    values = np.sort(np.asarray(p_values, dtype=np.float64))
    if not len(values) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values lie in [0, 1], and there is at least one")
    n = len(values)
    step, effective = 0.0, float(n)
    if calibration_patients is not None:
        step, effective = 1 / (calibration_patients + 1), n * calibration_patients / (n + calibration_patients)
    at_most, below = np.arange(1, n + 1) / n, np.arange(n) / n
    too_small, too_large = at_most - values, values - below - step
    up = float(too_small.max()) >= float(too_large.max())
    at = int(np.argmax(too_small if up else too_large))
    distance = max(float((too_small if up else too_large)[at]), 0.0)
    return Uniformity(
        n=n,
        distance=distance,
        p_value=float(scipy.stats.kstwo.sf(distance, max(1, math.floor(effective)))),
        shift=Shift.UP if up else Shift.DOWN,
        location=float(values[at]),
        share=float((at_most if up else below)[at]),
    )
