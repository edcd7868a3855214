"""To the network's grid: means over pixels on the way down, bilinear on the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform
from numpy.typing import NDArray

from mammolens.transforms.base import SPATIAL, InvertibleTransformd, derived

_SIZE = "size"


def resampled(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Resample ``(1, rows, cols)`` so that the outer pixel edges stay where they are.

    Shrinking takes the mean over the pixels that fall together (no aliasing), growing is bilinear, each
    direction for itself.
    """
    smaller = (min(size[0], image.shape[-2]), min(size[1], image.shape[-1]))
    values = image[None]
    if smaller != tuple(image.shape[-2:]):
        values = torch.nn.functional.interpolate(values, size=smaller, mode="area")
    if smaller != tuple(size):
        values = torch.nn.functional.interpolate(values, size=size, mode="bilinear", align_corners=False)
    return values[0]


def resampled_points(
    points: NDArray[np.float64], before: tuple[int, int], after: tuple[int, int]
) -> NDArray[np.float64]:
    """Where points ``(n, 2)`` of an image of one size lie once it is :func:`resampled` to another."""
    return np.asarray((points + 0.5) * np.divide(after, before) - 0.5)


class ResizeToSquare(InvertibleTransform):
    """``(1, rows, cols)`` to ``(1, size, size)``, whatever the aspect."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, image: MetaTensor) -> MetaTensor:
        resized = derived(image, resampled(image.as_tensor(), (self.size, self.size)))
        self.push_transform(resized, extra_info={_SIZE: tuple(image.shape[-2:])})
        return resized

    def inverse(self, image: MetaTensor) -> MetaTensor:
        """Back to the size that it had."""
        rows, columns = self.pop_transform(image)["extra_info"][_SIZE]
        return derived(image, resampled(image.as_tensor(), (rows, columns)))

    def inverse_points(self, points: NDArray[np.float64], info: Mapping[str, Any]) -> NDArray[np.float64]:
        return resampled_points(points, (self.size, self.size), info[_SIZE])


class ResizeToSquared(InvertibleTransformd):
    """Dictionary form of :class:`ResizeToSquare`."""

    def __init__(self, size: int, keys: KeysCollection = SPATIAL) -> None:
        super().__init__(ResizeToSquare(size), keys, guided=False)
