"""Which decoder reads which transfer syntax."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

import libjpeg.utils
import numpy as np
import openjpeg.utils
import rle.utils
from numpy.typing import NDArray
from pillow_jpls import _pycharls  # its plugin for Pillow accepts some streams only, and drops CharLS's reasons
from pydicom import uid

from mammolens.dicom.completeness import (
    LOST_OR_CHANGED,
    IncompleteStreamError,
    ending_in_no_code,
    refuse_incomplete_jpeg_2000,
    refuse_incomplete_lossless_jpeg,
)
from mammolens.dicom.streams import StreamFormat, StreamKind

_LONGEST_PADDING: Final = 9  # bytes behind a segment of RLE
_LITERAL: Final = b"\x00U"  # a run of one byte (PS3.5 G.3.1)


class Cells(NamedTuple):
    """Decoded cells, whatever the header says of their values.

    Attributes:
        patterns: ``(rows, cols)`` unsigned; of a decoder, ``(rows, cols, samples)`` if there are several.
        bits: how many of the lower bits of each may be in use.
        signed: whether the stream itself says that they are two's complement, as only JPEG 2000 can.
    """

    patterns: NDArray[np.unsignedinteger[Any]]
    bits: int
    signed: bool = False


KINDS: Final = {
    uid.JPEGBaseline8Bit: StreamKind.JPEG,
    uid.JPEGExtended12Bit: StreamKind.JPEG,
    uid.UID("1.2.840.10008.1.2.4.57"): StreamKind.LOSSLESS_JPEG,  # pydicom 2 and 3 mean different ones by JPEGLossless
    uid.JPEGLosslessSV1: StreamKind.LOSSLESS_JPEG,
    uid.JPEGLSLossless: StreamKind.JPEG_LS,
    uid.JPEGLSNearLossless: StreamKind.JPEG_LS,
    uid.JPEG2000Lossless: StreamKind.JPEG_2000,
    uid.JPEG2000: StreamKind.JPEG_2000,
    uid.RLELossless: StreamKind.RLE,
}


def decode_stream(stream: bytes, stated: StreamFormat) -> Cells:
    """Decode JPEG, JPEG-LS or JPEG 2000, whole or not at all.

    Args:
        stream: the frame.
        stated: what it says of itself.

    Returns:
        Cells of as many bits as the stream's precision.

    Raises:
        IncompleteStreamError: values are missing or left over.
        Exception: whatever the decoder raises about a damaged stream.
    """
    decoded = _DECODERS[stated.kind](stream, stated)
    cell = np.dtype(np.uint8 if stated.precision <= 8 else np.uint16 if stated.precision <= 16 else np.uint32)
    patterns: NDArray[Any] = decoded.astype(cell, copy=False)
    if stated.signed and stated.precision < 8 * cell.itemsize:
        patterns = patterns & cell.type(2**stated.precision - 1)
    return Cells(patterns, stated.precision, stated.signed)


def decode_rle(frame: bytes, shape: tuple[int, int], bytes_per_cell: int, samples: int = 1) -> Cells:
    """Decode RLE Lossless (PS3.5 G): a segment for each byte of each sample's cells, the highest byte first.

    Raises:
        IncompleteStreamError: segments or values are missing or left over.
    """
    count, *starts = struct.unpack_from("<16I", frame)
    starts = starts[:count]
    if count != bytes_per_cell * samples or starts != sorted(starts) or starts[0] < 64 or starts[-1] >= len(frame):
        raise IncompleteStreamError("the RLE header does not fit the pixels")
    ends = [*starts[1:], len(frame)]
    pixels = shape[0] * shape[1]
    planes = [_rle_segment(frame[start:end], pixels) for start, end in zip(starts, ends, strict=True)]
    # The lowest byte first, within each sample.
    ordered = [plane for at in range(0, count, bytes_per_cell) for plane in planes[at : at + bytes_per_cell][::-1]]
    cells = np.stack(ordered, axis=-1).view(f"<u{bytes_per_cell}")
    return Cells(cells.reshape(shape if samples == 1 else (*shape, samples)), 8 * bytes_per_cell)


def _rle_segment(segment: bytes, pixels: int) -> NDArray[np.uint8]:
    """Decoded one by one, since what the decoder of whole frames finds wrong makes it panic on stderr."""
    for padding in range(_LONGEST_PADDING):
        if segment[len(segment) - padding :].strip(b"\0\xff"):
            break
        with suppress(ValueError):
            decoded = bytes(rle.utils.decode_segment(segment[: len(segment) - padding] + _LITERAL))
            if len(decoded) == pixels + 1 and decoded[-1:] == _LITERAL[1:]:  # the code before it was whole
                return np.frombuffer(decoded, np.uint8, count=pixels)
    raise IncompleteStreamError(LOST_OR_CHANGED)


def _jpeg(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """Decode by libjpeg, which silently accepts missing and surplus values."""
    decoded = np.asarray(libjpeg.utils.decode(ending_in_no_code(stream)))
    try:
        libjpeg.utils.decode(ending_in_no_code(stream, left_out=1))
    except RuntimeError:  # the last byte was needed
        return decoded
    raise IncompleteStreamError(LOST_OR_CHANGED)


def _lossless_jpeg(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    decoded = np.asarray(libjpeg.utils.decode(stream))
    refuse_incomplete_lossless_jpeg(stream, decoded, stated.precision)
    return decoded


def _jpeg_ls(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """By CharLS, which refuses streams that end too early or late; libjpeg fills them up."""
    cell = np.uint8 if stated.precision <= 8 else np.uint16
    return np.frombuffer(_pycharls.decode(stream), cell).reshape(stated.rows, stated.columns)


def _jpeg_2000(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """By OpenJPEG, strict; not by Pillow, which loses bits of streams inside a JP2 file."""
    refuse_incomplete_jpeg_2000(stream)
    return np.asarray(openjpeg.utils.decode(stream))


_DECODERS: Final[dict[StreamKind, Callable[[bytes, StreamFormat], NDArray[Any]]]] = {
    StreamKind.JPEG: _jpeg,
    StreamKind.LOSSLESS_JPEG: _lossless_jpeg,
    StreamKind.JPEG_LS: _jpeg_ls,
    StreamKind.JPEG_2000: _jpeg_2000,
}
