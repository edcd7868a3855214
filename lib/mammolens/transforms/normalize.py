"""The same greys for the same tissue, as far as percentiles inside the breast can do it."""

from __future__ import annotations

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform

from mammolens.enums import Keys
from mammolens.transforms.base import InvertibleTransformd, derived

_LOW, _HIGH = "low", "high"


class NormalizeInBreast(InvertibleTransform):
    """Map two percentiles inside the breast to 0 and 1, clip, and set the outside to 0.

    Args:
        percentiles: in percent, of the pixels inside the mask.
        image: MetaTensor ``(1, rows, cols)``.
        mask: ``(1, rows, cols)``; inside where above 0.5.
    """

    def __init__(self, percentiles: tuple[float, float] = (1.0, 99.0)) -> None:
        self.percentiles = percentiles

    def __call__(self, image: MetaTensor, mask: torch.Tensor) -> MetaTensor:  # type: ignore[override] # two inputs
        inside = mask > 0.5
        values = image.as_tensor()
        # numpy sorts as little as it needs; torch sorts all.
        low, high = np.percentile((values[inside] if inside.any() else values).numpy(), self.percentiles).tolist()
        scaled = ((values - low) / max(high - low, 1e-6)).clamp(0.0, 1.0) * inside
        normalized = derived(image, scaled)
        self.push_transform(normalized, extra_info={_LOW: low, _HIGH: high})
        return normalized

    def inverse(self, image: MetaTensor) -> MetaTensor:
        """Back to the greys that it had (what was clipped stays clipped)."""
        info = self.pop_transform(image)["extra_info"]
        return derived(image, image.as_tensor() * (info[_HIGH] - info[_LOW]) + info[_LOW])


class NormalizeInBreastd(InvertibleTransformd):
    """Dictionary form of :class:`NormalizeInBreast`, guided by ``data[Keys.BREAST_MASK]``."""

    def __init__(self, keys: KeysCollection = (Keys.IMAGE,), percentiles: tuple[float, float] = (1.0, 99.0)) -> None:
        super().__init__(NormalizeInBreast(percentiles), keys, guided=True)
