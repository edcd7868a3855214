"""Architectural distortion: tissue drawn towards a point, without a mass."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mammolens.training.lesions.patch import offsets
from mammolens.types import BoolImage, FloatImage

_ALL_TISSUE = 1 - 1e-6  # of the pixels that a grey is interpolated from, but for rounding


def draw_together(
    rng: np.random.Generator,
    image: FloatImage,
    breast: BoolImage,
    centre: tuple[int, int],
    radius: float,
    half: int,
) -> tuple[FloatImage, BoolImage]:
    """The patch around ``centre`` with its surroundings drawn in, and which of its pixels moved.

    Air is not drawn into the breast: what would come from there stays as it is.

    Args:
        image: ``(rows, cols)`` float32; beyond its border its edge is repeated.
        breast: the same shape.
        radius: in pixels; the pull falls off as a Gaussian of 1.2 radii.
    """
    down, right = offsets(half)
    distance, reach = np.hypot(down, right), 1.2 * radius
    pull = 1 + rng.uniform(0.5, 1.5) * np.exp(-((distance / reach) ** 2))
    source = [centre[0] + down * pull, centre[1] + right * pull]
    tissue = ndimage.map_coordinates(breast.astype(np.float32), source, order=1, mode="nearest") > _ALL_TISSUE
    pull = np.where(tissue, pull, 1)
    source = [centre[0] + down * pull, centre[1] + right * pull]
    drawn = ndimage.map_coordinates(image, source, order=1, mode="nearest")
    return drawn.astype(np.float32), distance < reach
