"""What a compressed stream says of itself, told without decoding it."""

from __future__ import annotations

import struct
from typing import Final

_JPEG_2000: Final = b"\xff\x4f\xff\x51"  # SOC and SIZ, which follow each other (T.800 A.4.1, A.5.1)
_JPEG: Final = b"\xff\xd8"  # SOI (T.81 B.1.1.3)
_FRAME_HEADERS: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC} | {0xF7}  # SOF of JPEG (T.81 B.1.1.3), of JPEG-LS


def stated_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns for which a decoder will take memory, whatever the header around the stream says.

    Args:
        stream: of JPEG, JPEG-LS or JPEG 2000, the last also inside a JP2 file.

    Returns:
        ``None`` where it states none.
    """
    if stream.startswith(_JPEG):
        return _of_jpeg(stream)
    start = stream.find(_JPEG_2000)
    if start < 0 or len(stream) < start + 16:
        return None
    columns, rows = struct.unpack_from(">2I", stream, start + 8)
    return rows, columns


def _of_jpeg(stream: bytes) -> tuple[int, int] | None:
    """Of the frame header, before which marker segments stand that state their length (T.81 B.1.1.4)."""
    place = 2
    while place + 9 <= len(stream) and stream[place] == 0xFF:
        if stream[place + 1] == 0xFF:  # a marker may be preceded by fill bytes (T.81 B.1.1.2)
            place += 1
            continue
        length, rows, columns = struct.unpack_from(">HxHH", stream, place + 2)
        if stream[place + 1] in _FRAME_HEADERS:
            return rows, columns
        place += 2 + length
    return None
