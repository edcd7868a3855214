"""Write a map that lies exactly over its image in any viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from mammolens.errors import InputError
from mammolens.files import atomic_file
from mammolens.types import ImageHeader

VOLUME_SUFFIXES = (".nrrd", ".nii.gz")


def write_volume(array: NDArray[np.generic], header: ImageHeader, path: Path) -> None:
    """Write a map as a one-slice volume in the image's geometry, whole or not at all.

    Args:
        array: ``(rows, cols)`` float32 or uint8, on the image's own pixel grid.
        header: of the image; its viewer geometry is written (LPS, mm).
        path: ends in .nrrd or .nii.gz.

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
    with atomic_file(path) as temporary:
        sitk.WriteImage(volume, str(temporary), useCompression=True)
