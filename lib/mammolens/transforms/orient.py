"""All breasts with the chest wall on the left."""

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

_FLIPPED, _COLUMNS = "flipped", "columns"


def leans_left(mask: torch.Tensor) -> bool:
    """Whether the mask ``(1, rows, cols)``, bool or of 0 and 1, lies nearer to the left of its own bounding box."""
    profile = mask[0].numpy().sum(axis=0)
    occupied = np.flatnonzero(profile)
    if not len(occupied):
        return True
    box = profile[occupied[0] : occupied[-1] + 1].astype(np.float64)
    return bool((box * np.arange(len(box))).sum() / box.sum() <= (len(box) - 1) / 2)


class OrientToLeft(InvertibleTransform):
    """Mirror the columns where the breast leans to the right.

    Args:
        image: MetaTensor ``(1, rows, cols)``.
        mask: ``(1, rows, cols)``, 1 inside the breast, as the image still lies.
    """

    def __call__(self, image: MetaTensor, mask: torch.Tensor) -> MetaTensor:  # type: ignore[override] # two inputs
        flipped = not leans_left(mask)
        oriented = _mirrored(image) if flipped else derived(image, image.as_tensor())
        self.push_transform(oriented, extra_info={_FLIPPED: flipped, _COLUMNS: image.shape[-1]})
        return oriented

    def inverse(self, image: MetaTensor) -> MetaTensor:
        """Mirror back what was mirrored."""
        flipped = self.pop_transform(image)["extra_info"][_FLIPPED]
        return _mirrored(image) if flipped else image

    def inverse_points(self, points: NDArray[np.float64], info: Mapping[str, Any]) -> NDArray[np.float64]:
        return points * (1, -1) + (0, info[_COLUMNS] - 1) if info[_FLIPPED] else points


class OrientToLeftd(InvertibleTransformd):
    """Dictionary form of :class:`OrientToLeft`, guided by ``data[Keys.BREAST_MASK]``."""

    def __init__(self, keys: KeysCollection = SPATIAL) -> None:
        super().__init__(OrientToLeft(), keys, guided=True)


def _mirrored(image: MetaTensor) -> MetaTensor:
    return derived(image, torch.flip(image.as_tensor(), dims=(-1,)))
