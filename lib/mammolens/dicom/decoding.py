"""Pixel Data to the values that were stored, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_pixel_data_frame
from pydicom.uid import RLELossless

from mammolens.dicom.opening import damage_named, first_line
from mammolens.dicom.streams import stated_size
from mammolens.errors import PixelDataError, UnsupportedMammogramError

StoredValues = NDArray[np.integer[Any]]
SMALLEST_SIDE = 64  # rows or columns of a picture that may show a whole breast
LARGEST_SIZE = 100_000_000  # pixels; film at 50 um has a third of them
TOO_LARGE = "give the image as the mammography unit made it"
_AGAIN = "copy or export the image again"
_END_OF_IMAGE = b"\xff\xd9"  # EOI of JPEG and JPEG-LS (T.81 B.1.1.3), EOC of JPEG 2000 (T.800 A.4.4)


def decoded_cells(dataset: FileDataset, path: Path) -> StoredValues:
    """Decode a single-frame grey-scale image (PS3.5 8); see :func:`without_unused_bits` for its values.

    Returns:
        ``(rows, cols)`` integers, signed or unsigned as Pixel Representation says.

    Raises:
        PixelDataError: missing, truncated or undecodable pixels.
        UnsupportedMammogramError: too few pixels for a mammogram, or too many.
    """
    with damage_named(path):
        refuse_unfit_size((int(dataset.Rows), int(dataset.Columns)), path)
        if not dataset.get("PixelData"):
            raise PixelDataError(path, "the file has no Pixel Data", _AGAIN)
        _refuse_wrong_length(dataset, path)
        stored = _decoded(dataset, path)
        if stored.shape != (dataset.Rows, dataset.Columns):
            raise PixelDataError(path, f"decodes to {stored.shape}, not rows x columns", "export the image again")
        return stored


def refuse_unfit_size(shape: tuple[int, int], path: Path) -> None:
    """Refuse thumbnails and icons, and before they are decoded, images that would fill the memory.

    Args:
        shape: rows and columns.
        path: of the image.

    Raises:
        UnsupportedMammogramError: fewer than :data:`SMALLEST_SIDE` rows or columns, or more than :data:`LARGEST_SIZE`
            pixels.
    """
    rows, columns = shape
    if min(shape) < SMALLEST_SIDE:
        raise UnsupportedMammogramError(path, f"has only {rows} x {columns} pixels", "give the full image")
    _refuse_too_large(rows, columns, path)


def _refuse_too_large(rows: int, columns: int, path: Path) -> None:
    if rows * columns > LARGEST_SIZE:
        reason = f"has {rows} x {columns} pixels, more than {LARGEST_SIZE // 1_000_000} million"
        raise UnsupportedMammogramError(path, reason, TOO_LARGE)


def _refuse_wrong_length(dataset: FileDataset, path: Path) -> None:
    """Say what decoders pass over: libjpeg and OpenJPEG fill up a stream that ends too early."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        if dataset.file_meta.TransferSyntaxUID != RLELossless:  # whose decoder counts
            stream = next(generate_pixel_data_frame(dataset.PixelData, 1))
            if not stream.rstrip(b"\0").endswith(_END_OF_IMAGE):
                raise PixelDataError(path, "the compressed pixels end too early", _AGAIN)
            _refuse_too_large(*(stated_size(stream) or (0, 0)), path)
        return
    row = dataset.Columns * dataset.BitsAllocated // 8
    missing = dataset.Rows * row - len(dataset.PixelData)
    if missing > 0:
        raise PixelDataError(path, f"the pixels end too early, by {missing} bytes", _AGAIN)
    if -missing > row:  # less than a row is padding
        raise PixelDataError(path, f"has {-missing} bytes more than rows x columns", _AGAIN)


def _decoded(dataset: FileDataset, path: Path) -> StoredValues:
    try:
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            # Not Pillow, pydicom's first choice for JPEG 2000: it loses bits of streams inside a JP2 file.
            dataset.convert_pixel_data("pylibjpeg")
        return np.asarray(dataset.pixel_array)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # decoders raise whatever they like, pylibjpeg-rle what is no Exception (a panic)
        name = dataset.file_meta.TransferSyntaxUID.name
        raise PixelDataError(path, f"pixels cannot be decoded as {name} ({first_line(error)})", _AGAIN) from error


def without_unused_bits(cells: StoredValues, dataset: FileDataset) -> StoredValues:
    """The values themselves: cells less what else stands in them (overlays), the sign extended (PS3.5 8.1.1).

    Other compressed streams than RLE hold the stored bits only.
    """
    allocated, bits = int(dataset.BitsAllocated), int(dataset.get("BitsStored") or dataset.BitsAllocated)
    syntax = dataset.file_meta.TransferSyntaxUID
    if bits >= allocated or (syntax.is_compressed and syntax != RLELossless):
        return cells
    above = allocated - 1 - int(dataset.get("HighBit") or bits - 1)
    return np.asarray(np.right_shift(np.left_shift(cells, above), allocated - bits))
