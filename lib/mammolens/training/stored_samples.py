"""Images to learn from in files, one each, so that memory holds a batch of them and not all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, overload

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from mammolens.files import atomic_file
from mammolens.training.sample import Sample

SUFFIX: Final = ".safetensors"


@dataclass(frozen=True, slots=True)
class StoredSamples(Sequence[Sample]):
    """Images that :func:`store` wrote, each read from disk on every access, bit for bit as stored.

    Attributes:
        files: of the images, in order.
    """

    files: tuple[Path, ...] = ()

    def __len__(self) -> int:
        """How many images."""
        return len(self.files)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """The image at ``index``, or a list of those of a slice."""
        return [_read(file) for file in self.files[index]] if isinstance(index, slice) else _read(self.files[index])


def store(sample: Sample, file: Path) -> None:
    """Write an image, float32 and bool, whole unless the power is cut; see :func:`is_stored`.

    Raises:
        StorageError: the disk is full.
    """
    arrays = {"image": sample.image, "breast": sample.breast, "lesions": sample.lesions}
    with atomic_file(file, synced=False) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, temporary)


def is_stored(file: Path) -> bool:
    """Whether :func:`store` wrote this file, and all of it is there."""
    if not file.is_file():
        return False
    try:
        with safe_open(file, framework="np") as content:  # compares the length with what its head says
            return set(content.keys()) == {"image", "breast", "lesions"}
    except (OSError, SafetensorError):
        return False


def _read(file: Path) -> Sample:
    return Sample(**load_file(file))
