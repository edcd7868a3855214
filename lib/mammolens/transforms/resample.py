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

from mammolens.transforms.base import SPATIAL, InvertibleTransformd, derived, sharing_tensor
from mammolens.types import BoolImage, FloatImage

_SIZE = "size"


def resampled(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Resample ``(1, rows, cols)`` so that the outer pixel edges stay where they are.

    Shrinking takes the mean over the pixels that fall together (no aliasing), growing is bilinear, each
    direction for itself.

    Args:
        image: float32, or bool, whose means are the shares of true pixels.
        size: rows and columns of the result.

    Returns:
        ``(1, *size)`` float32; the image itself if it has that size already.
    """
    smaller = (min(size[0], image.shape[-2]), min(size[1], image.shape[-1]))
    if smaller != tuple(image.shape[-2:]):
        image = torch.from_numpy(_area_means(image[0].numpy(), smaller))[None]
    if smaller != tuple(size):
        image = torch.nn.functional.interpolate(image[None].float(), size=size, mode="bilinear", align_corners=False)[0]
    return image.float()


def resampled_array(image: FloatImage | BoolImage, size: tuple[int, ...]) -> FloatImage:
    """:func:`resampled` for an array ``(rows, cols)``, which may be protected from writing."""
    return np.asarray(resampled(sharing_tensor(image)[None], (size[0], size[1]))[0].numpy())


def _area_means(image: FloatImage | BoolImage, size: tuple[int, int]) -> FloatImage:
    """Means over the pixels that each of fewer rows and columns touches, as torch's adaptive average pooling.

    Rows are added whole: twice as fast as torch, which adds each block pixel by pixel, and more exact.
    """
    (tops, bottoms), (lefts, rights) = (_touched(*lengths) for lengths in zip(image.shape, size, strict=True))
    heights, widths = bottoms - tops, rights - lefts
    # Of a mask, true pixels are counted exactly, in the smallest integers that hold the counts of a column.
    is_mask = image.dtype == bool
    values: NDArray[Any] = image.view(np.uint8) if is_mask else image
    sums = np.empty((size[0], image.shape[1]), np.min_scalar_type(int(heights.max())) if is_mask else np.float32)
    for at, (top, bottom) in enumerate(zip(tops.tolist(), bottoms.tolist(), strict=True)):
        np.add.reduce(values[top:bottom], axis=0, dtype=sums.dtype, out=sums[at])
    ends = np.stack([lefts, rights], axis=1).ravel()[:-1]  # each first interval counts, those between do not
    blocks = np.add.reduceat(sums.astype(np.float32), ends, axis=1)[:, ::2]
    return np.asarray(blocks / heights[:, None].astype(np.float32) / widths.astype(np.float32))


def _touched(length: int, fewer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and end pixel of those that each of fewer ones touches, ``(fewer,)`` each."""
    edges = np.arange(fewer + 1) * length
    return edges[:-1] // fewer, -(-edges[1:] // fewer)


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
