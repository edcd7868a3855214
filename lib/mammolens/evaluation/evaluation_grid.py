"""The grid on which all maps are compared: the stored image reduced in size, with breast and lesions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.datasets.base import Lesion
from mammolens.datasets.lesion_labels import lesion_labels
from mammolens.transforms.breast_mask import BreastMask
from mammolens.transforms.load import as_meta_tensor
from mammolens.transforms.resample import resampled_array
from mammolens.types import BoolImage, FloatImage, Mammogram

LONGER_SIDE: Final = 512  # of the grid, in pixels; smaller images keep their size
_BORDER: Final = 8 / 512  # of the longer side: skin and film edges attract peaks, those of any map


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationGrid:
    """The grid of one image, all ``(rows, cols)``; the maps of all models are resampled to it.

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
    def of(cls, mammogram: Mammogram, lesions: Sequence[Lesion] = ()) -> EvaluationGrid:
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
        pixels = np.clip(resampled_array(mammogram.pixels, shape), 0, 1)
        breast = BreastMask()(as_meta_tensor(replace(mammogram, pixels=pixels.copy())))[0].numpy() > 0.5
        border = max(1, round(_BORDER * max(shape)))
        inner = ndimage.binary_erosion(np.pad(breast, border), iterations=border)[border:-border, border:-border]
        return cls(pixels, breast, inner if inner.any() else breast, lesion_labels(lesions, full, shape))

    @property
    def unit(self) -> float:
        """Pixels of this grid to one pixel of an image whose longer side is 512."""
        return max(self.pixels.shape) / 512

    def resampled(self, values: FloatImage) -> FloatImage:
        """Bring a map on the image's own grid here."""
        return resampled_array(values, self.pixels.shape)
