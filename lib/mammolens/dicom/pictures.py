"""PNG, JPEG, TIFF and PGM: mammograms that lost their header."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import generate_uid

from mammolens.dicom.channels import grey_channel
from mammolens.dicom.decoding import LARGEST_SIZE, TOO_LARGE, refuse_unfit_content, refuse_unfit_size
from mammolens.dicom.opening import damage_named
from mammolens.errors import PixelDataError, UnsupportedMammogramError
from mammolens.types import FloatImage


def picture_pixels(path: Path) -> FloatImage:
    """Decode a grey-scale PNG, JPEG, TIFF or PGM of 8 or 16 bits; 16 bits are scaled by their own range.

    Returns:
        ``(rows, cols)`` float32 in [0, 1], polarity as stored.

    Raises:
        PixelDataError: truncated, undecodable or constant.
        UnsupportedMammogramError: really coloured, or too small or too large for a mammogram.
    """
    with damage_named(path):
        return _rendered(_decoded(path), path)


def array_pixels(array: NDArray[np.generic], path: Path) -> FloatImage:
    """A picture in memory as :func:`picture_pixels` gives one of a file; floats in [0, 1] are kept.

    Args:
        array: ``(rows, cols)``, or ``(rows, cols, 3)`` uint8.
        path: what errors name.

    Raises:
        PixelDataError: of another shape, not finite, or constant.
        UnsupportedMammogramError: really coloured, or too small or too large for a mammogram.
    """
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8):
        reason = f"has shape {array.shape} and type {array.dtype}"
        raise PixelDataError(path, reason, "give (rows, cols), or (rows, cols, 3) uint8")
    if not np.isfinite(array).all():
        raise PixelDataError(path, "has values that are not finite", "set them to 0, which is air")
    refuse_unfit_size((array.shape[0], array.shape[1]), path)
    return _rendered(array, path)


def picture_shape(path: Path) -> tuple[int, int]:
    """Rows and columns, from the header alone.

    Raises:
        PixelDataError: no picture.
    """
    with damage_named(path), Image.open(path) as picture:
        return picture.height, picture.width


def _decoded(path: Path) -> NDArray[np.generic]:
    """``(rows, cols)`` of 8 to 32 bits, or ``(rows, cols, 3)`` uint8."""
    try:
        picture = Image.open(path)
    except Image.DecompressionBombError as error:  # Pillow has a limit of its own, above ours
        reason = f"has more than {LARGEST_SIZE // 1_000_000} million pixels"
        raise UnsupportedMammogramError(path, reason, TOO_LARGE) from error
    with picture:
        refuse_unfit_size((picture.height, picture.width), path)
        refuse_unfit_content((picture.height, picture.width), path.stat().st_size, path)
        picture.load()
        if picture.mode == "L" or picture.mode.startswith("I"):
            return np.asarray(picture)
        return np.asarray(picture.convert("L" if picture.mode in ("1", "LA") else "RGB"))


def _rendered(array: NDArray[np.generic], path: Path) -> FloatImage:
    return _scaled(_grey(array, path) if array.ndim == 3 else array, path)


def _grey(array: NDArray[np.generic], path: Path) -> NDArray[np.generic]:
    grey = grey_channel(np.asarray(array, np.uint8), 8)
    if grey is None:
        raise UnsupportedMammogramError(path, "is a colour picture", "give a grey-scale mammogram")
    return grey


def _scaled(array: NDArray[np.generic], path: Path) -> FloatImage:
    values = array.astype(np.float32)
    low, high = values.min(), values.max()
    if low == high:
        raise PixelDataError(path, "all pixels have the same value", "export the image again")
    if array.dtype == np.uint8:
        return values / np.float32(255)
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return values
    return np.asarray((values - low) / (high - low), dtype=np.float32)


def content_uid(path: Path) -> str:
    """A UID (PS3.5 B.2) that the same file content always gets, wherever it lies."""
    return uid_of_content(path.read_bytes())


def uid_of_content(content: bytes) -> str:
    """The same of a file's bytes, or of others."""
    return str(generate_uid(entropy_srcs=[hashlib.sha256(content).hexdigest()]))
