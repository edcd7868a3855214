"""Outlines of regions in pixels: numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 200
"""Of an outline; more says nothing that a person meant."""


def thinned(outline: Sequence[Sequence[float]] | NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.float64]:
    """At most ``most`` points of a closed outline ``(n, 2)``, evenly chosen along it."""
    points = np.asarray(outline, dtype=float).reshape(-1, 2)
    if len(points) <= most:
        return points
    steps = np.linalg.norm(np.diff(points, axis=0, append=points[:1]), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    wanted = np.linspace(0, steps.sum(), most, endpoint=False)
    return points[np.unique(np.searchsorted(along, wanted).clip(max=len(points) - 1))]
