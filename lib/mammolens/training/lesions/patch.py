"""The small square that one synthetic lesion is drawn on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammolens.types import BoolImage, FloatImage

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A lesion's brightness on a square of ``2 * half + 1`` pixels, the centre in the middle.

    Attributes:
        added: float32, about 1 at the peak; what a contrast is multiplied with.
        outline: bool, which of the pixels are lesion.
    """

    added: FloatImage
    outline: BoolImage


def offsets(half: int) -> tuple[Floats, Floats]:
    """Rows down and columns right of the centre, each ``(2 * half + 1, 2 * half + 1)`` float64 in pixels."""
    places = np.arange(-half, half + 1, dtype=np.float64)
    down, right = np.meshgrid(places, places, indexing="ij")
    return down, right
