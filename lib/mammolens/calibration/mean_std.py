"""The threshold of the original project: mean + k standard deviations of normal scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_std_threshold(scores: NDArray[np.float64], k: float) -> float:
    """The threshold from which images are flagged; does not control the false-positive rate.

    Args:
        scores: ``(n,)`` of normal calibration images, never of the images that are classified.
        k: standard deviations (population) above the mean.
    """
    return float(np.mean(scores) + k * np.std(scores))
