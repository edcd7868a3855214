"""Properties of a compressed stream, read without decoding it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

JPEG_2000_CODESTREAM: Final = b"\xff\x4f\xff\x51"  # SOC and SIZ, which follow each other (T.800 A.4.1, A.5.1)
_CAPABILITIES: Final = b"\xff\x50"  # CAP (T.800 A.5.2)
_CODING_STYLE: Final = b"\xff\x52"  # COD
_HIGH_THROUGHPUT: Final = 1 << 17  # its bit of T.814 (A.3)
_JPEG: Final = b"\xff\xd8"  # SOI (T.81 B.1.1.3)
_FRAME_HEADERS: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF of JPEG (T.81 B.1.1.3)
_LOSSLESS_FRAME_HEADERS: Final = {0xC3, 0xC7, 0xCB, 0xCF}
_JPEG_LS_FRAME_HEADER: Final = 0xF7  # T.87 C.1.1
_JP2: Final = b"\x00\x00\x00\x0cjP  "  # the signature box of a JP2 file (T.800 I.5.1)
_RLE_HEADER: Final = 64  # bytes (PS3.5 G.5)
_MOST_RLE_SEGMENTS: Final = 15
START_OF_SCAN: Final = 0xDA
START_OF_TILE_PART: Final = b"\xff\x90\x00\x0a"  # SOT and its length (T.800 A.4.2)


class StreamKind(StrEnum):
    """Families of compressed streams, in the words that errors use."""

    JPEG = "JPEG"
    LOSSLESS_JPEG = "lossless JPEG"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"
    HTJ2K = "High-Throughput JPEG 2000"
    RLE = "RLE Lossless"


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What the frame header of a stream states, whatever the DICOM header around it says.

    ``precision`` is the number of bits of a value. Only JPEG 2000 of either kind can say that values are
    ``signed``.
    """

    kind: StreamKind
    rows: int
    columns: int
    precision: int
    signed: bool = False


class CodingStyle(NamedTuple):
    """What the COD segment of JPEG 2000 or HTJ2K states for all tiles (T.800 A.6.1).

    Attributes:
        has_precincts: whether precinct sizes are defined.
        layers: of quality.
        levels: of decomposition.
        bypasses: whether bits may be stored without arithmetic coding.
        is_reversible: whether the wavelet is the 5-3 reversible one.
    """

    has_precincts: bool
    layers: int
    levels: int
    bypasses: bool
    is_reversible: bool


class Segment(NamedTuple):
    """A marker segment: its marker's second byte, and where its content lies in the stream."""

    marker: int
    start: int
    end: int


def kind_of_stream(stream: bytes) -> StreamKind | None:
    """The kind of a stream by its first bytes and, of JPEG, its frame header; ``None`` where they are of none."""
    if len(stream) >= _RLE_HEADER:
        segments, start = struct.unpack_from("<2I", stream)
        if 1 <= segments <= _MOST_RLE_SEGMENTS and start == _RLE_HEADER:
            return StreamKind.RLE
    if not stream.startswith((_JPEG, JPEG_2000_CODESTREAM, _JP2)):
        return None
    stated = stated_format(stream)
    return None if stated is None else stated.kind


def stated_format(stream: bytes) -> StreamFormat | None:
    """The format that a stream states, ``None`` where it states none.

    Args:
        stream: of JPEG, JPEG-LS, JPEG 2000 or HTJ2K, the last two also inside a JP2 file.
    """
    if stream.startswith(_JPEG):
        return _of_jpeg(stream)
    start = stream.find(JPEG_2000_CODESTREAM)
    if start < 0 or len(stream) < start + 43:
        return None
    columns, rows = struct.unpack_from(">2I", stream, start + 8)
    depth = stream[start + 42]  # Ssiz of the first component (T.800 A.5.1)
    kind = StreamKind.HTJ2K if _is_high_throughput(stream, start) else StreamKind.JPEG_2000
    return StreamFormat(kind, rows, columns, (depth & 0x7F) + 1, bool(depth & 0x80))


def coding_style(stream: bytes) -> CodingStyle | None:
    """The coding style of a codestream of JPEG 2000 or HTJ2K, also inside a JP2 file; ``None`` where there is none."""
    first = stream.find(START_OF_TILE_PART)
    style = stream.find(_CODING_STYLE, 0, max(first, 0))
    if not 0 <= style < first - 13:
        return None
    options, layers, levels, blocks, wavelet = struct.unpack_from(">4xBxHxB2xBB", stream, style)
    return CodingStyle(bool(options & 1), layers, levels, bool(blocks & 1), wavelet == 1)


def _is_high_throughput(stream: bytes, start: int) -> bool:
    """Whether CAP, which follows SIZ, announces code blocks of T.814."""
    place = start + 4 + int.from_bytes(stream[start + 4 : start + 6])
    return stream.startswith(_CAPABILITIES, place) and bool(
        int.from_bytes(stream[place + 4 : place + 8]) & _HIGH_THROUGHPUT
    )


def _of_jpeg(stream: bytes) -> StreamFormat | None:
    for marker, start, end in jpeg_segments(stream):
        if marker in _FRAME_HEADERS or marker == _JPEG_LS_FRAME_HEADER:
            if end - start < 5:
                return None
            precision, rows, columns = struct.unpack_from(">BHH", stream, start)
            return StreamFormat(_kind_of_frame(marker), rows, columns, precision)
    return None


def _kind_of_frame(marker: int) -> StreamKind:
    if marker == _JPEG_LS_FRAME_HEADER:
        return StreamKind.JPEG_LS
    return StreamKind.LOSSLESS_JPEG if marker in _LOSSLESS_FRAME_HEADERS else StreamKind.JPEG


def jpeg_segments(stream: bytes) -> Iterator[Segment]:
    """Marker segments of JPEG or JPEG-LS in order, up to the first scan header (T.81 B.1.1.4)."""
    place = 2
    while place + 4 <= len(stream) and stream[place] == 0xFF:
        marker = stream[place + 1]
        if marker == 0xFF:  # a marker may be preceded by fill bytes (T.81 B.1.1.2)
            place += 1
            continue
        (length,) = struct.unpack_from(">H", stream, place + 2)
        end = place + 2 + length
        if length < 2 or end > len(stream):
            return
        yield Segment(marker, place + 4, end)
        if marker == START_OF_SCAN:
            return
        place = end
