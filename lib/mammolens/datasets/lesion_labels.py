"""Marked lesions as pixels of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mammolens.datasets.base import Lesion


def lesion_labels(lesions: Sequence[Lesion], full: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Number of the lesion on each pixel of a smaller grid, 0 on none; where two overlap, the smaller one.

    Pixel centres lie at whole numbers, as in the stored image. A lesion has at least the pixel of its centre.
    """
    down, right = full[0] / shape[0], full[1] / shape[1]
    rows = ((np.arange(shape[0]) + 0.5) * down - 0.5)[:, None]
    columns = ((np.arange(shape[1]) + 0.5) * right - 0.5)[None, :]
    labels = np.zeros(shape[:2], dtype=np.int32)
    by_size = sorted(enumerate(lesions, 1), key=lambda entry: -entry[1].half_rows * entry[1].half_columns)
    for number, lesion in by_size:
        high = np.abs(rows - lesion.row) / max(lesion.half_rows, 1e-6)
        wide = np.abs(columns - lesion.column) / max(lesion.half_columns, 1e-6)
        labels[np.maximum(high, wide) <= 1 if lesion.shape == "box" else high**2 + wide**2 <= 1] = number
        centre = (int((lesion.row + 0.5) / down), int((lesion.column + 0.5) / right))
        if 0 <= centre[0] < shape[0] and 0 <= centre[1] < shape[1]:
            labels[centre] = number
    return labels
