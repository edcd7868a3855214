"""What every invertible pair shares: the dictionary wrapper and the tensor's trace."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform
from numpy.typing import NDArray

from mammolens.enums import Keys

SPATIAL = (Keys.IMAGE, Keys.BREAST_MASK, Keys.LESIONS)  # what moves together, as far as it is there


class _Unprotected:
    """An array's memory without its write protection, which tensors do not have: torch would warn of it."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array  # keeps the memory
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def sharing_tensor(array: NDArray[Any]) -> torch.Tensor:
    """A tensor that shares an array's memory, even a protected one's: do not write to it."""
    return torch.from_numpy(np.asarray(_Unprotected(array)))


def derived(image: MetaTensor, values: torch.Tensor) -> MetaTensor:
    """New values with the meta data and the trace of applied operations of ``image``."""
    result = MetaTensor(values, meta=dict(image.meta))
    result.applied_operations = list(image.applied_operations)
    return result


class SpatialTransform(Protocol):
    """What each transform that moves pixels can do with points, besides moving an image and back."""

    def inverse_points(self, points: NDArray[np.float64], info: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return where points lay before the transform.

        Args:
            points: ``(n, 2)`` rows and columns; pixel centres lie at whole numbers.
            info: what the transform left in the trace of the image that it moved.
        """
        ...


class InvertibleTransformd(MapTransform, InvertibleTransform):
    """Apply an array transform to each key that is there, and undo it.

    Args:
        transform: the array transform, called with the image and, if ``guided``, with the breast
            mask as it lies before the transform.
        keys: of images ``(1, rows, cols)``; missing ones are passed over.
        guided: whether the transform needs ``data[Keys.BREAST_MASK]``.
    """

    def __init__(self, transform: InvertibleTransform, keys: KeysCollection, *, guided: bool) -> None:
        super().__init__(keys, allow_missing_keys=True)
        self.transform = transform
        self.guided = guided

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        result = dict(data)
        guide = (data[Keys.BREAST_MASK].as_tensor(),) if self.guided else ()
        for key in self.key_iterator(result):
            result[key] = self.transform(result[key], *guide)
        return result

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Undo the transform on every key that is there."""
        result = dict(data)
        for key in self.key_iterator(result):
            result[key] = self.transform.inverse(result[key])
        return result
