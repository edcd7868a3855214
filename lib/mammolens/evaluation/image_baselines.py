"""Baseline maps and scores by plain image processing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy import ndimage

from mammolens.evaluation.evaluation_grid import EvaluationGrid
from mammolens.transforms.resample import resampled_array
from mammolens.types import FloatImage

INTENSITY: Final = "intensity"
BLOB: Final = "DoG blob"
MapMaker = Callable[[EvaluationGrid], FloatImage]
MapScore = Callable[[EvaluationGrid, FloatImage], float]
_SMOOTHING: Final = 4.0  # pixels of an image whose longer side is 512, as are the sigmas below
_SIGMAS: Final = (6.0, 9.0, 14.0, 21.0)


def intensity_map(grid: EvaluationGrid) -> FloatImage:
    """Grey level between the 1st and the 99th percentile of the breast, smoothed inside it."""
    return _smoothed(_normalised(grid), grid, _SMOOTHING * grid.unit)


def blob_map(grid: EvaluationGrid) -> FloatImage:
    """Brightest blob of 6 to 14 pixels: the largest difference of neighbouring Gaussians (Lowe 2004).

    Worked out on half the grid, where a sigma is still three pixels.
    """
    half = EvaluationGrid(
        pixels=resampled_array(_normalised(grid), _half(grid)),
        breast=resampled_array(grid.breast, _half(grid)) > 0.5,
        inner=grid.inner,
        lesions=grid.lesions,
    )
    if not half.breast.any():
        return np.zeros_like(grid.pixels)
    levels = [_smoothed(half.pixels, half, sigma * half.unit) for sigma in _SIGMAS]
    response = np.max([fine - coarse for fine, coarse in pairwise(levels)], axis=0)
    return resampled_array(response.astype(np.float32), grid.pixels.shape) * grid.breast


def mean_intensity(grid: EvaluationGrid, _: FloatImage) -> float:
    """Mean grey of the breast, in [0, 1]."""
    return float(grid.pixels[grid.breast].mean(dtype=np.float64))


def strongest_spot(grid: EvaluationGrid, values: FloatImage) -> float:
    """Highest value of a map away from the breast's border."""
    return float(values[grid.inner].max())


# name: its map, and its score of the whole image from grid and map
IMAGE_BASELINES: Final[Mapping[str, tuple[MapMaker, MapScore]]] = MappingProxyType(
    {INTENSITY: (intensity_map, mean_intensity), BLOB: (blob_map, strongest_spot)}
)


def _half(grid: EvaluationGrid) -> tuple[int, int]:
    return max(4, grid.pixels.shape[0] // 2), max(4, grid.pixels.shape[1] // 2)


def _normalised(grid: EvaluationGrid) -> FloatImage:
    low, high = np.percentile(grid.pixels[grid.breast], [1, 99])
    return np.asarray(np.clip((grid.pixels - low) / max(high - low, 1e-6), 0, 1), dtype=np.float32)


def _smoothed(values: FloatImage, grid: EvaluationGrid, sigma: float) -> FloatImage:
    """Gaussian mean over the breast's pixels only, so that air does not darken its border; 0 outside."""
    inside = grid.breast.astype(np.float32)
    weight = ndimage.gaussian_filter(inside, sigma)
    smooth = ndimage.gaussian_filter(values * inside, sigma)
    return np.asarray(np.divide(smooth, weight, out=np.zeros_like(smooth), where=grid.breast & (weight > 1e-3)))
