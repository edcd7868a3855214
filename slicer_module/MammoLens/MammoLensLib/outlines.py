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


def filled(outline: Sequence[Sequence[float]], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """1 for the pixels whose centres are inside (even-odd rule); ``(rows, columns)`` uint8.

    Args:
        outline: closed, ``(column, row)``, whole numbers at the centres of pixels.
    """
    points = np.asarray(outline, dtype=float).reshape(-1, 2)
    mask = np.zeros(shape, np.uint8)
    starts, ends = points, np.roll(points, -1, axis=0)
    first, last = max(0, int(np.ceil(points[:, 1].min()))), min(shape[0] - 1, int(np.floor(points[:, 1].max())))
    for row in range(first, last + 1):
        crossing = (starts[:, 1] <= row) != (ends[:, 1] <= row)
        (x0, y0), (x1, y1) = starts[crossing].T, ends[crossing].T
        edges = np.sort(x0 + (row - y0) * (x1 - x0) / (y1 - y0))
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            mask[row, max(0, int(np.ceil(left))) : max(0, int(np.floor(right)) + 1)] = 1
    return mask
