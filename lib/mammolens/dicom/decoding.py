"""Pixel Data to cells, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_pixel_data_frame
from pydicom.uid import RLELossless

from mammolens.dicom.channels import grey_channel
from mammolens.dicom.codecs import (
    KINDS,
    Cells,
    decode_rle,
    decode_stream,
    is_encapsulated,
    plugin_decoders,
    plugin_name_for,
    syntax_name,
)
from mammolens.dicom.completeness import IncompleteStreamError
from mammolens.dicom.header_values import needed_number
from mammolens.dicom.opening import damage_named, first_line
from mammolens.dicom.reduced_resolution import decode_without_details
from mammolens.dicom.streams import StreamFormat, StreamKind, kind_of_stream, stated_format
from mammolens.errors import PixelDataError, UnsupportedMammogramError

SMALLEST_SIDE = 64  # rows or columns of a picture that may show a whole breast
LARGEST_SIZE = 100_000_000  # pixels; film at 50 um has a third of them
_MOST_PER_BYTE: Final = 1_000  # pixels that a compressed byte may stand for; of a mammogram, 100 to 1, at most 200
_ALWAYS_FITS: Final = 4_000_000  # pixels that cost little, however few bytes they come from
TOO_LARGE = "give the image as the mammography unit made it"
_AGAIN = "copy or export the image again"
_IN_COLOUR: Final = (StreamKind.JPEG, StreamKind.JPEG_2000, StreamKind.HTJ2K)  # of which several channels are decoded
_ITEM: Final = b"\xfe\xff\x00\xe0"  # how encapsulated Pixel Data begins (PS3.5 A.4)


def decoded_cells(dataset: FileDataset, path: Path, *, all_details: bool = True) -> Cells:
    """Decode a single-frame image without colour, also where it is stored as three equal channels (PS3.5 8, A.4).

    Args:
        dataset: the image.
        path: of it.
        all_details: whether JPEG 2000 is decoded with its finest details.

    Raises:
        PixelDataError: missing, truncated or undecodable pixels, or a header that does not describe them.
        UnsupportedMammogramError: too few pixels for a mammogram, or too many, or colour.
    """
    with damage_named(path):
        shape = int(needed_number(dataset, "Rows", path)), int(needed_number(dataset, "Columns", path))
        refuse_unfit_size(shape, path)
        if not dataset.get("PixelData"):
            raise PixelDataError(path, "the file has no Pixel Data", _AGAIN)
        samples = int(needed_number(dataset, "SamplesPerPixel", path, default=1))
        syntax = dataset.file_meta.TransferSyntaxUID
        plugin = plugin_name_for(syntax)  # first: pydicom knows no syntax that is newer than itself
        if plugin is None and not is_encapsulated(syntax):
            return _grey(_uncompressed(dataset, shape, samples, path), path)
        if not dataset.PixelData.startswith(_ITEM):
            raise _contradicted(dataset, "not compressed", path)
        frame = next(generate_pixel_data_frame(dataset.PixelData, 1))
        refuse_unfit_content(shape, len(frame), path)
        _refuse_other_kind(dataset, frame, path)
        if plugin is None and syntax != RLELossless:
            _refuse_other_size(shape, stated_format(frame), len(frame), path)
        return _grey(_decompressed(dataset, shape, samples, frame, plugin, path, all_details=all_details), path)


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


def refuse_unfit_content(shape: tuple[int, int], size: int, path: Path) -> None:
    """Refuse a picture that its bytes cannot hold, before memory is taken for it.

    Args:
        shape: rows and columns that it claims.
        size: its compressed bytes.
        path: of the image.

    Raises:
        PixelDataError: there are far too few bytes.
    """
    rows, columns = shape
    if rows * columns > max(_ALWAYS_FITS, _MOST_PER_BYTE * size):
        raise PixelDataError(path, f"{size:,} bytes cannot hold the {rows} x {columns} pixels that it claims", _AGAIN)


def _refuse_other_kind(dataset: FileDataset, frame: bytes, path: Path) -> None:
    kind, expected = kind_of_stream(frame), KINDS.get(dataset.file_meta.TransferSyntaxUID)
    if kind and expected and kind is not expected:
        raise _contradicted(dataset, kind.value, path)


def _refuse_other_size(shape: tuple[int, int], stated: StreamFormat | None, size: int, path: Path) -> None:
    """Compare what the stream states with what the header does, before memory is taken for it."""
    if stated is None:
        return
    _refuse_too_large(stated.rows, stated.columns, path)
    refuse_unfit_content((stated.rows, stated.columns), size, path)
    if (stated.rows, stated.columns) != shape:
        reason = f"Rows and Columns are {shape[0]} x {shape[1]}, but the picture has {stated.rows} x {stated.columns}"
        raise PixelDataError(path, reason, "export the image again")


def _contradicted(dataset: FileDataset, content: str, path: Path) -> PixelDataError:
    stated = syntax_name(dataset.file_meta.TransferSyntaxUID)
    reason = f"Transfer Syntax UID says {stated}, but the pixels are {content}"
    return PixelDataError(path, reason, "correct the Transfer Syntax UID, or export the image again")


def _grey(cells: Cells, path: Path) -> Cells:
    """Cells of one channel, whatever they are stored as."""
    if cells.patterns.ndim == 2:
        return cells
    grey = grey_channel(cells.patterns, cells.bits)
    if grey is None:
        raise UnsupportedMammogramError(path, "is a colour image", "export the grey-scale mammogram")
    return cells._replace(patterns=np.ascontiguousarray(grey))


def _uncompressed(dataset: FileDataset, shape: tuple[int, int], samples: int, path: Path) -> Cells:
    """``(rows, cols)``, or ``(rows, cols, samples)`` if there are several (PS3.3 C.7.6.3.1.3)."""
    width = _bytes_per_cell(dataset, path)
    row = shape[1] * width * samples
    missing = shape[0] * row - len(dataset.PixelData)
    if (missing > 0 or -missing > row) and dataset.PixelData.startswith(_ITEM):
        kind = kind_of_stream(next(generate_pixel_data_frame(dataset.PixelData, 1)))
        raise _contradicted(dataset, kind.value if kind else "compressed", path)
    if missing > 0:
        raise PixelDataError(path, f"the pixels end too early, by {missing} bytes", _AGAIN)
    beyond = dataset.PixelData[shape[0] * row :]
    if len(beyond) > row or beyond.strip(beyond[:1]):  # less than a row, and equal bytes, is padding
        raise PixelDataError(path, f"has {-missing} bytes more than rows x columns", _AGAIN)
    cell = np.dtype(f"{'<' if dataset.is_little_endian else '>'}u{width}")
    cells = np.frombuffer(dataset.PixelData, cell, count=shape[0] * shape[1] * samples)
    cells = cells.astype(cell.newbyteorder("="), copy=False)
    if samples == 1:
        return Cells(cells.reshape(shape), 8 * width)
    if int(needed_number(dataset, "PlanarConfiguration", path, default=0)) == 1:
        return Cells(np.moveaxis(cells.reshape(samples, *shape), 0, -1), 8 * width)
    return Cells(cells.reshape(*shape, samples), 8 * width)


def _bytes_per_cell(dataset: FileDataset, path: Path) -> int:
    allocated = int(needed_number(dataset, "BitsAllocated", path))
    if allocated not in (8, 16, 32):
        raise PixelDataError(path, f"Bits Allocated is {allocated}, not 8 or 16", "export the image again")
    return allocated // 8


def _decompressed(
    dataset: FileDataset,
    shape: tuple[int, int],
    samples: int,
    frame: bytes,
    plugin: str | None,
    path: Path,
    *,
    all_details: bool,
) -> Cells:
    """As :func:`_uncompressed`; by a plug-in where it is named."""
    name = syntax_name(dataset.file_meta.TransferSyntaxUID)
    try:
        if dataset.file_meta.TransferSyntaxUID == RLELossless:
            return decode_rle(frame, shape, _bytes_per_cell(dataset, path), samples)
        stated = None if plugin else stated_format(frame)
        if plugin is None and stated is None:
            raise ValueError("there is no such stream")
        if samples > 1 and (stated is None or stated.kind not in _IN_COLOUR):
            reason = f"is stored as {samples} channels of {stated.kind.value if stated else name}"
            raise UnsupportedMammogramError(path, reason, "export the grey-scale mammogram")
        if stated is None:
            cells = plugin_decoders()[str(plugin)].cells(frame, shape, _bytes_per_cell(dataset, path))
        else:
            reduced = None if all_details else decode_without_details(dataset, frame, stated)
            cells = reduced or decode_stream(frame, stated)
    except (KeyboardInterrupt, SystemExit, PixelDataError, UnsupportedMammogramError):
        raise
    except IncompleteStreamError as error:
        raise PixelDataError(path, str(error), _AGAIN) from error
    except (
        BaseException
    ) as error:  # decoders raise whatever they like, pylibjpeg-rle what is not an Exception (a panic)
        raise PixelDataError(path, f"pixels cannot be decoded as {name} ({first_line(error)})", _AGAIN) from error
    if cells.patterns.shape not in (shape, (*shape, samples)):
        raise PixelDataError(path, f"decodes to {cells.patterns.shape}, not rows x columns", "export the image again")
    return cells
