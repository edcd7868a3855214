"""Clusters of calcifications, as far as the working grid shows them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mammolens.training.lesions.patch import Profile

_AROUND = 2.0  # pixels, the sigma of the tissue that belongs to a grain
_OUTLINE = 0.4 / (2 * np.pi * _AROUND**2)  # of a single grain's Gaussian: 2.7 pixels around it


def draw_cluster(rng: np.random.Generator, half: int) -> Profile:
    """Four to fifteen bright grains of about a pixel within the patch; the outline encloses each."""
    size = 2 * half + 1
    grains = np.zeros((size, size), dtype=np.float64)
    spread = rng.uniform(3, max(0.6 * half, 3.5)) / 1.8
    for _ in range(rng.integers(4, 16)):
        row, column = np.rint(half + spread * rng.normal(size=2)).astype(int)
        if 0 < row < size - 1 and 0 < column < size - 1:
            grains[row, column] += rng.uniform(0.4, 1.0)
    around = ndimage.gaussian_filter((grains > 0).astype(np.float64), _AROUND)
    blurred = ndimage.gaussian_filter(grains, rng.uniform(0.5, 0.8))
    return Profile((blurred / max(blurred.max(), 1e-6)).astype(np.float32), around > _OUTLINE)
