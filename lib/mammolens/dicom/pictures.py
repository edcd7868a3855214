"""PNG, JPEG and PGM: mammograms that lost their header."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydicom.uid import generate_uid

from mammolens.errors import PixelDataError, UnsupportedMammogramError
from mammolens.types import FloatImage

_SMALLEST_SIDE = 64


def picture_pixels(path: Path) -> FloatImage:
    """Decode a grey-scale PNG, JPEG or PGM of 8 or 16 bits; 16 bits are scaled by their own range.

    Returns:
        ``(rows, cols)`` float32 in [0, 1], polarity as stored.

    Raises:
        PixelDataError: truncated or undecodable.
        UnsupportedMammogramError: really coloured, or too small to be a mammogram.
    """
    try:
        with Image.open(path) as picture:
            picture.load()
            array = np.asarray(picture if picture.mode.startswith("I") else picture.convert("RGB"))
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PixelDataError(
            path, f"the picture cannot be decoded ({error})", "copy or export the image again"
        ) from error
    if array.ndim == 3:
        if np.ptp(array.astype(np.int16), axis=2).max() > 32:  # JPEG's chroma noise stays far below
            raise UnsupportedMammogramError(path, "is a colour picture", "give a grey-scale mammogram")
        array = array[..., 0]
    if min(array.shape) < _SMALLEST_SIDE:
        raise UnsupportedMammogramError(
            path, f"has only {array.shape[0]} x {array.shape[1]} pixels", "give the full image"
        )
    return _scaled(array, path)


def _scaled(array: np.ndarray, path: Path) -> FloatImage:  # type: ignore[type-arg]
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    low, high = float(array.min()), float(array.max())
    if low == high:
        raise PixelDataError(path, "all pixels have the same value", "export the image again")
    return ((array.astype(np.float32) - np.float32(low)) / np.float32(high - low)).astype(np.float32)


def content_uid(path: Path) -> str:
    """A UID (PS3.5 B.2) that the same file content always gets, wherever it lies."""
    return str(generate_uid(entropy_srcs=[hashlib.sha256(path.read_bytes()).hexdigest()]))
