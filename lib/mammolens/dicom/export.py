"""Write a map that lies exactly over its image in any viewer."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from mammolens.errors import InputError
from mammolens.files import atomic_file
from mammolens.types import ImageHeader

VOLUME_SUFFIXES = (".nrrd", ".nii.gz")


def write_volume(array: NDArray[np.generic], header: ImageHeader, path: Path, *, longest: int | None = None) -> None:
    """Write a map as a one-slice volume in the image's geometry, whole or not at all.

    Args:
        array: ``(rows, cols)`` float32 or uint8, on the image's own pixel grid.
        header: of the image; its viewer geometry is written (LPS, mm).
        path: ends in .nrrd or .nii.gz.
        longest: most rows or columns to write; a larger map is averaged over square blocks of pixels, and lies on the
            image all the same. What is left at the right and at the bottom, less than a block, is not written. By
            default every pixel is written.

    Raises:
        InputError: another suffix.
    """
    if not path.name.endswith(VOLUME_SUFFIXES):
        raise InputError(
            path, "is not a volume format that preserves the geometry", f"use {' or '.join(VOLUME_SUFFIXES)}"
        )
    volume = sitk.GetImageFromArray(array[np.newaxis])
    volume.SetSpacing(header.geometry.spacing)
    volume.SetOrigin(header.geometry.origin)
    volume.SetDirection(header.geometry.direction)
    if longest is not None and max(array.shape) > longest:
        block = ceil(max(array.shape) / longest)
        volume = sitk.BinShrink(volume, [block, block, 1])
    with atomic_file(path) as temporary:
        sitk.WriteImage(volume, str(temporary), useCompression=True)
