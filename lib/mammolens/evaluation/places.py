"""One grid on which every map is compared: the stored image, shrunk, with its breast and its lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.datasets.base import Lesion
from mammolens.transforms.breast_mask import BreastMask
from mammolens.transforms.load import as_meta_tensor
from mammolens.transforms.resample import resampled
from mammolens.types import BoolImage, FloatImage, Mammogram

LONGER_SIDE: Final = 512  # of the grid, in pixels; smaller images keep their size
_BORDER: Final = 8 / 512  # of the longer side: skin and film edges attract peaks, those of any map


@dataclass(frozen=True, slots=True, eq=False)
class PlaceGrid:
    """The grid of one image, all ``(rows, cols)``; whatever a model works on, its map is brought here.

    Attributes:
        pixels: float32 in [0, 1].
        breast: bool.
        inner: bool, the breast without its border, where peaks count.
        lesions: int32, 0 on no lesion, else the lesion's number from 1.
    """

    pixels: FloatImage
    breast: BoolImage
    inner: BoolImage
    lesions: NDArray[np.int32]

    @classmethod
    def of(cls, mammogram: Mammogram, lesions: Sequence[Lesion] = ()) -> PlaceGrid:
        """Shrink an image by area means and find its breast.

        Args:
            mammogram: the image.
            lesions: in pixels of the stored image.

        Raises:
            UnsupportedMammogramError: no breast is found.
        """
        full = mammogram.pixels.shape
        scale = min(1.0, LONGER_SIDE / max(full))
        shape = (max(8, round(full[0] * scale)), max(8, round(full[1] * scale)))
        pixels = np.clip(shrunk(mammogram.pixels, shape), 0, 1)
        breast = BreastMask()(as_meta_tensor(replace(mammogram, pixels=pixels.copy())))[0].numpy() > 0.5
        border = max(1, round(_BORDER * max(shape)))
        inner = ndimage.binary_erosion(np.pad(breast, border), iterations=border)[border:-border, border:-border]
        return cls(pixels, breast, inner if inner.any() else breast, lesion_labels(lesions, full, shape))

    @property
    def unit(self) -> float:
        """Pixels of this grid to one pixel of an image whose longer side is 512."""
        return max(self.pixels.shape) / 512

    def placed(self, values: FloatImage) -> FloatImage:
        """Bring a map on the image's own grid here."""
        return shrunk(values, self.pixels.shape)


def shrunk(values: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """Resample ``(rows, cols)`` by area means."""
    tensor = torch.from_numpy(np.array(values, dtype=np.float32))[None]
    return np.asarray(resampled(tensor, (shape[0], shape[1]))[0].numpy())


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
