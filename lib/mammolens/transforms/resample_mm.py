"""To a physical pixel size, padded to the network's square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform
from numpy.typing import NDArray

from mammolens.errors import UnsupportedMammogramError
from mammolens.transforms.base import SPATIAL, InvertibleTransformd, derived
from mammolens.transforms.load import FULL_SIZE, header_of
from mammolens.transforms.resample import resampled, resampled_points

_SIZE, _RESIZED = "size", "resized"


def known_or_assumed_spacing(image: MetaTensor, assumed_height_mm: float) -> tuple[float, float]:
    """Size of an original pixel in mm, between rows and between columns.

    Args:
        image: whose header may state it.
        assumed_height_mm: of the whole image, where the header does not.
    """
    header = header_of(image)
    if header.spacing is not None:
        return header.spacing.between_rows, header.spacing.between_columns
    between_rows = assumed_height_mm / image.meta[FULL_SIZE][0]
    return between_rows, between_rows / header.pixel_aspect_ratio


class ResizeToPixelSize(InvertibleTransform):
    """``(1, rows, cols)`` to pixels of ``pixel_size_mm``, padded with 0 below and right of the image.

    Args:
        pixel_size_mm: of the result, in both directions, at the plane of the breast.
        size: rows and columns of the result.
        assumed_height_mm: of a whole image without pixel spacing; 240 mm is between the usual detectors.

    Raises:
        UnsupportedMammogramError: the breast is larger than the square.
    """

    def __init__(self, pixel_size_mm: float, size: int, assumed_height_mm: float = 240.0) -> None:
        self.pixel_size_mm = pixel_size_mm
        self.size = size
        self.assumed_height_mm = assumed_height_mm

    def __call__(self, image: MetaTensor) -> MetaTensor:
        rows, columns = self._resized_shape(image)
        small = resampled(image.as_tensor(), (rows, columns))
        padded = derived(image, torch.nn.functional.pad(small, (0, self.size - columns, 0, self.size - rows)))
        self.push_transform(padded, extra_info={_SIZE: tuple(image.shape[-2:]), _RESIZED: (rows, columns)})
        return padded

    def inverse(self, image: MetaTensor) -> MetaTensor:
        """Take the padding off and go back to the size that it had."""
        info = self.pop_transform(image)["extra_info"]
        rows, columns = info[_RESIZED]
        return derived(image, resampled(image.as_tensor()[:, :rows, :columns], info[_SIZE]))

    def inverse_points(self, points: NDArray[np.float64], info: Mapping[str, Any]) -> NDArray[np.float64]:
        return resampled_points(points, info[_RESIZED], info[_SIZE])

    def _resized_shape(self, image: MetaTensor) -> tuple[int, int]:
        header = header_of(image)
        between_rows, between_columns = known_or_assumed_spacing(image, self.assumed_height_mm)
        rows = max(1, round(image.shape[-2] * between_rows / self.pixel_size_mm))
        columns = max(1, round(image.shape[-1] * between_columns / self.pixel_size_mm))
        if max(rows, columns) > self.size:
            raise UnsupportedMammogramError(
                header.path,
                f"the breast needs {rows} x {columns} pixels of {self.pixel_size_mm} mm, more than {self.size}",
                "use a model with a larger preprocessing.size",
            )
        return rows, columns


class ResizeToPixelSized(InvertibleTransformd):
    """Dictionary form of :class:`ResizeToPixelSize`."""

    def __init__(
        self,
        pixel_size_mm: float,
        size: int,
        assumed_height_mm: float = 240.0,
        keys: KeysCollection = SPATIAL,
    ) -> None:
        super().__init__(ResizeToPixelSize(pixel_size_mm, size, assumed_height_mm), keys, guided=False)
