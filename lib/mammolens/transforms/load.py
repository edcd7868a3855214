"""A mammogram as a MONAI MetaTensor."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from numpy.typing import NDArray
from torch.utils.data._utils.collate import default_collate_fn_map

from mammolens.dicom.reader import read_mammogram
from mammolens.transforms.base import sharing_tensor
from mammolens.types import ImageAttributes, ImageHeader, Mammogram

HEADER = "mammogram_header"  # key of the ImageHeader in the tensor's meta data
FULL_SIZE = "full_size"  # key of the whole image's (rows, cols) in the same place
ATTRIBUTES = "attributes"  # optional dictionary entry: ImageAttributes from a table


def _cells(batch: Sequence[Any], *, collate_fn_map: object = None) -> list[NDArray[np.object_]]:
    """What a DataLoader makes of headers: arrays without axes, whose items MONAI's ``decollate_batch`` takes out."""
    return [np.array(item, dtype=object) for item in batch]


default_collate_fn_map[ImageHeader] = default_collate_fn_map[ImageAttributes] = _cells  # PyTorch's place for it


def as_meta_tensor(mammogram: Mammogram) -> MetaTensor:
    """``(1, rows, cols)`` float32 in [0, 1], its header in ``meta[HEADER]``; shares the pixels, so do not change it."""
    meta = {HEADER: mammogram.header, FULL_SIZE: mammogram.pixels.shape}
    return MetaTensor(sharing_tensor(mammogram.pixels)[None], meta=meta)


def header_of(image: MetaTensor) -> ImageHeader:
    """The header that :func:`as_meta_tensor` put there."""
    header = image.meta[HEADER]
    if not isinstance(header, ImageHeader):
        raise TypeError(f"meta[{HEADER!r}] is {type(header).__name__}, not ImageHeader")
    return header


class LoadMammogram(Transform):
    """Read an image file.

    Returns:
        MetaTensor ``(1, rows, cols)`` float32 in [0, 1]; 0 is air.

    Raises:
        InputError: see :func:`mammolens.dicom.reader.read_mammogram`.
    """

    def __call__(self, path: str | Path, attributes: ImageAttributes | None = None) -> MetaTensor:
        return as_meta_tensor(read_mammogram(Path(path), attributes or ImageAttributes()))


class LoadMammogramd(MapTransform):
    """Dictionary form of :class:`LoadMammogram`; ``data[ATTRIBUTES]`` is used where it is given."""

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.load = LoadMammogram()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        loaded = dict(data)
        for key in self.key_iterator(loaded):
            loaded[key] = self.load(loaded[key], data.get(ATTRIBUTES))
        return loaded
