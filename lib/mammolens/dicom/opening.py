"""Open a file and tell what it is: DICOM, a picture, or neither."""

from __future__ import annotations

import warnings
from enum import Enum, auto
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from mammolens.errors import InputError, NotAMammogramError, PixelDataError


class FileKind(Enum):
    """What the first bytes of a file say that it is."""

    DICOM = auto()
    PICTURE = auto()
    OTHER = auto()


def file_kind(path: Path) -> FileKind:
    """Tell DICOM (PS3.10 7.1, with or without preamble), PNG, JPEG and PGM apart by their first bytes.

    Raises:
        InputError: the path is missing, unreadable, a folder, or an empty file.
    """
    if path.is_dir():
        raise NotAMammogramError(path, "is a folder, not an image", "give the image files in it, one by one")
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path and its permissions") from error
    if not head:
        raise PixelDataError(path, "the file is empty", "copy or export the image again")
    if head[128:132] == b"DICM":
        return FileKind.DICOM
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"P5\n", b"P5 ")):
        return FileKind.PICTURE
    # Without preamble, a data set starts with the groups 0002 or 0008, little endian.
    return FileKind.DICOM if head[:2] in (b"\x02\x00", b"\x08\x00") and head[3:4] == b"\x00" else FileKind.OTHER


def open_dicom(path: Path, *, with_pixels: bool) -> pydicom.FileDataset:
    """Parse a DICOM file.

    Raises:
        PixelDataError: the file ends too early or is no DICOM at all.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # values that break their VR are common and harmless here
            return pydicom.dcmread(path, stop_before_pixels=not with_pixels, force=True)
    except (InvalidDicomError, EOFError, OSError, ValueError, KeyError, AttributeError, NotImplementedError) as error:
        raise PixelDataError(path, f"damaged DICOM file ({error})", "copy or export the image again") from error
