"""Whether anything is drawn on a label that a client sent: its header is checked before a pixel of it is unpacked."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path
from typing import Final

import numpy as np
import SimpleITK as sitk

from mammolens.errors import RequestError

MOST_BYTES: Final = 100_000_000  # unpacked: the largest mammograms have 25 megapixels, clients label with 1 or 2 bytes
_NRRD, _NIFTI = ".nrrd", ".nii.gz"
_READERS: Final = {_NRRD: "NrrdImageIO", _NIFTI: "NiftiImageIO"}
_NRRD_HEADER: Final = 65_536
_NRRD_END: Final = re.compile(rb"\n\r?\n")
# https://teem.sourceforge.net/nrrd/format.html: a detached header names files of the server; a skip can be without end
_REFUSED: Final = (b"datafile:", b"byteskip:", b"lineskip:")


def is_drawn(file: Path) -> bool:
    """Whether any pixel of a label differs from 0.

    Args:
        file: the upload, one whole .nrrd or .nii.gz, whose name ends so; of any shape and type.

    Raises:
        RequestError: another kind of file, one that refers to other files, one that is too large or damaged.
    """
    suffix = next((suffix for suffix in _READERS if file.name.endswith(suffix)), None)
    if suffix is None:
        raise _unusable("is neither .nrrd nor .nii.gz")
    try:
        if suffix == _NRRD:
            _check_nrrd(file)
        else:
            _check_unpacked(file)
        reader = sitk.ImageFileReader()
        reader.SetImageIO(_READERS[suffix])  # by its content, it could be of any kind that ITK knows
        reader.SetFileName(str(file))
        reader.ReadImageInformation()
        _check_size(reader)
        label = reader.Execute()  # kept until it was looked at: the view does not own the pixels
        return bool(np.any(sitk.GetArrayViewFromImage(label)))
    except (RuntimeError, OSError, EOFError, zlib.error) as error:
        raise _unusable("cannot be read") from error


def _check_nrrd(file: Path) -> None:
    """The pixels have to follow the header, in the same file."""
    with file.open("rb") as source:
        head = source.read(_NRRD_HEADER)
    if (end := _NRRD_END.search(head)) is None:
        raise _unusable("cannot be read: its header has no end")
    for line in re.split(rb"[\r\n]+", head[: end.start()]):
        if b"".join(line.lower().split()).startswith(_REFUSED):
            raise _unusable("refers to another file for its pixels")


def _check_unpacked(file: Path) -> None:
    """A NIfTI file is read as far as its header says, which can be anything: nothing may come of it beyond a size."""
    left = MOST_BYTES
    with gzip.open(file) as packed:
        while chunk := packed.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise _too_large()


def _check_size(reader: sitk.ImageFileReader) -> None:
    size, components = reader.GetSize(), reader.GetNumberOfComponents()
    one_pixel = sitk.Image([1] * len(size), reader.GetPixelID(), components)
    if math.prod(size) * components * one_pixel.GetSizeOfPixelComponent() > MOST_BYTES:
        raise _too_large()


def _too_large() -> RequestError:
    reason = f"has more than {MOST_BYTES // 1_000_000} MB when it is unpacked"
    return RequestError("label", reason, "send a label of the image's own size, of 8 bit a pixel")


def _unusable(reason: str) -> RequestError:
    return RequestError("label", reason, "send a whole .nrrd or .nii.gz file")
