"""Whether a damaged stream is, bit for bit, the whole stream of another picture: then no reader can tell.

Written from the standards, without the decoders that are tested.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice

import numpy as np
from pillow_jpls import _pycharls

from .lossless_jpeg import encode_lossless_jpeg

IsWhole = Callable[[bytes, np.ndarray], bool]


def is_whole_rle(stream: bytes, values: np.ndarray) -> bool:
    """Each segment unpacks to a byte plane (PS3.5 G.3), the highest first; padding may follow."""
    count, *offsets = struct.unpack_from("<16I", stream)
    ends = [*offsets[1:count], len(stream)]
    planes = [_unpacked(stream[start:end], values.size) for start, end in zip(offsets, ends, strict=False)]
    return [plane.tobytes() for plane in (values >> 8, values & 255)] == [
        np.frombuffer(plane, np.uint8).astype(values.dtype).tobytes() for plane in planes
    ]


def _unpacked(segment: bytes, size: int) -> bytes:
    plane, place = b"", 0
    while place < len(segment) and len(plane) < size:
        control = segment[place]
        if control < 128:
            plane += segment[place + 1 : place + 2 + control]
            place += 2 + control
        else:
            plane += segment[place + 1 : place + 2] * (257 - control if control > 128 else 0)
            place += 2 if control > 128 else 1
    return plane if not segment[place:].strip(segment[place : place + 1]) else b""


def is_whole_lossless_jpeg(stream: bytes, values: np.ndarray, predictor: int = 1) -> bool:
    """Also where the rest of the last byte is zeros, as some writers fill it."""
    codes = (encode_lossless_jpeg(values, 12, predictor=predictor, fill=fill) for fill in "10")
    return any(stream.startswith(whole) for whole in codes)


def is_whole_jpeg_ls(stream: bytes, values: np.ndarray) -> bool:
    frame = _pycharls.FrameInfo()
    frame.height, frame.width = values.shape
    frame.bits_per_sample, frame.component_count = 12, 1
    return stream.startswith(bytes(_pycharls.encode(values.tobytes(), frame)))


def is_whole_baseline_jpeg(stream: bytes, values: np.ndarray) -> bool:
    """Its codes are those of as many blocks as the picture has, to the last bit but for ones (T.81 F.1.2)."""
    start = stream.index(b"\xff\xda")
    end = stream.index(b"\xff\xd9", start)
    scan = stream[start + 10 : end].rstrip(b"\xff").replace(b"\xff\x00", b"\xff")  # fill bytes: T.81 B.1.1.2
    bits = iter("".join(f"{byte:08b}" for byte in scan))
    direct, alternating = (_codes(stream, number) for number in (0x00, 0x10))
    for _ in range(values.size // 64):
        _skip(bits, _symbol(bits, direct))
        coefficient = 1
        while coefficient < 64:
            run, size = divmod(_symbol(bits, alternating), 16)
            if size == 0 and run != 15:
                break
            _skip(bits, size)
            coefficient += run + 1
    rest = "".join(bits)
    return len(rest) < 8 and "0" not in rest


def _codes(stream: bytes, table: int) -> dict[str, int]:
    place = next(at for at in range(len(stream)) if stream[at : at + 2] == b"\xff\xc4" and stream[at + 4] == table)
    counts, symbols, code, codes = stream[place + 5 : place + 21], iter(stream[place + 21 :]), 0, {}
    for length, count in enumerate(counts, 1):
        for symbol in islice(symbols, count):
            codes[f"{code:0{length}b}"] = symbol
            code += 1
        code <<= 1
    return codes


def _symbol(bits, codes: dict[str, int]) -> int:
    code = ""
    while code not in codes:
        code += next(bits)
    return codes[code]


def _skip(bits, count: int) -> None:
    if len(list(islice(bits, count))) < count:
        raise StopIteration
