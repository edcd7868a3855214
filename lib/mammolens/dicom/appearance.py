"""Properties that follow from the pixels alone: polarity, side of the chest wall, likely view."""

from __future__ import annotations

import numpy as np
from skimage.filters import threshold_otsu

from mammolens.enums import Laterality, ViewPosition
from mammolens.types import BoolImage, FloatImage

# Set on 235 CC and 379 MLO images with a known view (RSNA, CBIS-DDSM, mini-MIAS): the guess is wrong in 27 and 2 of
# them, 4 CC lie above the one limit and 2 MLO below the other; 37 % of MLO and 68 % of CC lie beyond.
_LIKELY_MLO, _NO_CC, _NO_MLO = 0.45, 0.9, 0.2
_SIDE = 96  # pixels of the longer side of the thumbnail that is examined


def thumbnail(pixels: FloatImage, side: int = _SIDE) -> FloatImage:
    """Block means, about ``side`` along the longer side and at least 6 along the other; float32, frame cut off."""
    step = max(1, min(-(-max(pixels.shape) // side), min(pixels.shape) // 8))
    rows, columns = (size // step for size in pixels.shape)
    # Sums of rows first: one pass through the memory, a quarter of the time of means of blocks.
    sums = pixels[: rows * step, : columns * step].reshape(rows, step, columns * step).sum(axis=1)
    small = sums.reshape(rows, columns, step).sum(axis=2) / np.float32(step**2)
    edge = max(1, min(small.shape) // 48)
    return np.asarray(small[edge:-edge, edge:-edge], dtype=np.float32)


def has_bright_background(pixels: FloatImage) -> bool:
    """Whether air is bright, as in MONOCHROME1 pixels that were never inverted.

    Air is the flattest large region of a mammogram: the pixels whose neighbours differ least are
    compared with the rest of the image.
    """
    small = thumbnail(pixels)
    rows, columns = np.gradient(small)
    roughness = np.hypot(rows, columns)
    flat = roughness <= np.quantile(roughness, 0.2)
    low, high = np.quantile(small, [0.01, 0.99])
    return bool(high > low and np.median(small[flat]) > low + 0.7 * (high - low))


def chest_wall_on_left(pixels: FloatImage) -> bool:
    """Whether the breast leans on the left of its own bounding box (stored columns)."""
    return _leans_left(_tissue(pixels))


def _leans_left(tissue: BoolImage) -> bool:
    weights = tissue.sum(axis=0).astype(float)
    centre = float((weights * np.arange(len(weights))).sum() / max(weights.sum(), 1.0))
    return centre < (len(weights) - 1) / 2


def guess_laterality(pixels: FloatImage) -> Laterality:
    """L where the chest wall is on the left, as exported by default; a guess (PS3.3 C.7.6.1.1.1)."""
    return Laterality.LEFT if chest_wall_on_left(pixels) else Laterality.RIGHT


def guess_view(pixels: FloatImage) -> ViewPosition:
    """MLO where tissue (the pectoral muscle) fills the upper chest-wall corner, else CC; a guess."""
    return ViewPosition.MLO if _muscle_corner(pixels) > _LIKELY_MLO else ViewPosition.CC


def picture_contradicts_view(pixels: FloatImage, view: ViewPosition | None) -> bool:
    """Whether the picture speaks clearly against a stated CC or MLO; other views are not checked."""
    if view is ViewPosition.CC:
        return _muscle_corner(pixels) > _NO_CC
    return view is ViewPosition.MLO and _muscle_corner(pixels) < _NO_MLO


def _muscle_corner(pixels: FloatImage) -> float:
    """How much more tissue the upper chest-wall corner holds than half of the lower one, -0.5 to 1."""
    tissue = _tissue(pixels)
    if not _leans_left(tissue):
        tissue = tissue[:, ::-1]
    rows, columns = (max(1, size // share) for size, share in zip(tissue.shape, (8, 4), strict=True))
    top, bottom = tissue[:rows, :columns].mean(), tissue[-rows:, :columns].mean()
    return float(top - 0.5 * bottom)


def _tissue(pixels: FloatImage) -> BoolImage:
    """Thumbnail of what is not air, cropped to the columns that hold some."""
    small = thumbnail(pixels)
    tissue = small > 0.5 * threshold_otsu(small)
    columns = np.flatnonzero(tissue.mean(axis=0) > 0.15)
    if not len(columns):
        return np.ones((1, 1), dtype=bool)
    return np.asarray(tissue[:, columns[0] : columns[-1] + 1])
