"""The breast's bounding box with a margin."""

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

Box = tuple[int, int, int, int]  # first row, end row, first column, end column
_BOX, _SIZE = "box", "size"


def breast_box(mask: torch.Tensor, margin: float) -> Box:
    """The box around the mask ``(1, rows, cols)``, widened.

    Args:
        margin: added on each side, as a share of the box's own height and width; kept in the image.
    """
    rows, columns = (np.flatnonzero(mask[0].numpy().any(axis=axis)) for axis in (1, 0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    high, wide = round(margin * (bottom - top)), round(margin * (right - left))
    height, width = mask.shape[-2:]
    return max(0, top - high), min(height, bottom + high), max(0, left - wide), min(width, right + wide)


class CropToBreast(InvertibleTransform):
    """Cut the image to the breast's box.

    Args:
        margin: see :func:`breast_box`.
        image: MetaTensor ``(1, rows, cols)``.
        mask: ``(1, rows, cols)``, 1 inside the breast; not empty.
    """

    def __init__(self, margin: float = 0.01) -> None:
        self.margin = margin

    def __call__(self, image: MetaTensor, mask: torch.Tensor) -> MetaTensor:  # type: ignore[override] # two inputs
        top, bottom, left, right = box = breast_box(mask, self.margin)
        cropped = derived(image, image.as_tensor()[:, top:bottom, left:right])
        self.push_transform(cropped, extra_info={_BOX: box, _SIZE: tuple(image.shape[-2:])})
        return cropped

    def inverse(self, image: MetaTensor) -> MetaTensor:
        """Put the box back at its position, with 0 around it."""
        info = self.pop_transform(image)["extra_info"]
        top, bottom, left, right = info[_BOX]
        whole = np.zeros((1, *info[_SIZE]), np.float32)  # memory that is not written to takes no time
        whole[:, top:bottom, left:right] = image.numpy()
        return derived(image, torch.from_numpy(whole))

    def inverse_points(self, points: NDArray[np.float64], info: Mapping[str, Any]) -> NDArray[np.float64]:
        top, _, left, _ = info[_BOX]
        return np.add(points, (top, left))


def cropped_box(image: MetaTensor) -> Box:
    """The box that :class:`CropToBreast`, the last transform of the image, cut out."""
    top, bottom, left, right = image.applied_operations[-1]["extra_info"][_BOX]
    return top, bottom, left, right


class CropToBreastd(InvertibleTransformd):
    """Dictionary form of :class:`CropToBreast`, guided by ``data[Keys.BREAST_MASK]``."""

    def __init__(self, keys: KeysCollection = SPATIAL, margin: float = 0.01) -> None:
        super().__init__(CropToBreast(margin), keys, guided=True)
