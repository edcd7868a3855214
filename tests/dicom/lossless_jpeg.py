"""An encoder of lossless JPEG for the tests: any precision, predictor, point transform and restart interval.

Written from T.81 H alone, value by value, so that it shares nothing with what it tests.
"""

from __future__ import annotations

import struct

import numpy as np

# Codes of the magnitudes 0 to 16: every one is used but all ones, as C.2 asks.
_CODES = [*(f"{code:04b}" for code in range(15)), "11110", "111110"]


def encode_lossless_jpeg(
    values: np.ndarray, precision: int, *, predictor: int = 1, shift: int = 0, restart_rows: int = 0, fill: str = "1"
) -> bytes:
    """One component in one scan (T.81 H.1).

    Args:
        values: ``(rows, cols)`` unsigned, below 2^precision.
        precision: bits of a value, 2 to 16.
        predictor: 1 to 7.
        shift: the point transform: so many lower bits are dropped.
        restart_rows: rows of a restart interval; 0: none.
        fill: the bit that fills the last byte.
    """
    rows, columns = values.shape
    lengths = [len(code) for code in _CODES]
    table = bytes(lengths.count(length) for length in range(1, 17)) + bytes(range(17))
    header = b"\xff\xd8" + _segment(0xC3, struct.pack(">BHHB", precision, rows, columns, 1) + b"\x01\x11\x00")
    header += _segment(0xC4, b"\x00" + table)
    if restart_rows:
        header += _segment(0xDD, struct.pack(">H", restart_rows * columns))
    header += _segment(0xDA, b"\x01\x01\x00" + bytes([predictor, 0, shift]))
    samples = (values.astype(int) >> shift).tolist()
    parts = [
        _interval(samples[start : start + (restart_rows or rows)], predictor, 1 << (precision - shift - 1), fill)
        for start in range(0, rows, restart_rows or rows)
    ]
    scan = parts[0]
    for number, part in enumerate(parts[1:]):
        scan += bytes([0xFF, 0xD0 + number % 8]) + part
    return header + scan + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def _interval(rows: list[list[int]], predictor: int, middle: int, fill: str) -> bytes:
    bits = []
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            difference = (value - _prediction(rows, y, x, predictor, middle)) & 0xFFFF
            signed = difference - 0x10000 if difference > 0x8000 else difference
            magnitude = abs(signed).bit_length()
            bits.append(_CODES[magnitude])
            if 0 < magnitude < 16:
                extra = signed if signed > 0 else signed + (1 << magnitude) - 1
                bits.append(f"{extra:0{magnitude}b}")
    text = "".join(bits)
    text += fill * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8).replace(b"\xff", b"\xff\x00")


def _prediction(rows: list[list[int]], y: int, x: int, predictor: int, middle: int) -> int:
    if x == 0:
        return rows[y - 1][0] if y else middle
    left = rows[y][x - 1]
    if y == 0:
        return left
    above, corner = rows[y - 1][x], rows[y - 1][x - 1]
    return {
        1: left,
        2: above,
        3: corner,
        4: left + above - corner,
        5: left + ((above - corner) >> 1),
        6: above + ((left - corner) >> 1),
        7: (left + above) >> 1,
    }[predictor]
