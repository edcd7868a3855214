"""Check that a compressed stream is complete, by what the decoder consumed: decoders fill gaps silently.

The last bytes do not show it: padding may follow the end marker, and a stream that lost its middle keeps its end.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mammolens.dicom.streams import START_OF_SCAN, START_OF_TILE_PART, Segment, coding_style, jpeg_segments

_HUFFMAN_TABLE, _RESTART_INTERVAL = 0xC4, 0xDD
# No Huffman code is all ones (T.81 C.2), and the longest has 16 bits: a decoder that comes here fails.
_NO_CODE: Final = b"\xff\x00" * 8
_END_OF_CODESTREAM: Final = b"\xff\xd9"
LOST_OR_CHANGED: Final = "the compressed pixels do not add up to the picture: bytes were lost or changed"
_NO_COST: Final = 255  # of a difference whose magnitude has no code; the longest has 16 + 16 bits
_SHORTEST_GAP: Final = 16  # equal bytes; the arithmetic coder's output looks random
_SHORTEST_GAP_OF_HTJ2K: Final = 256  # which stores bits of magnitudes as they are (T.814 7.3): of a ramp, some zeros


class IncompleteStreamError(ValueError):
    """A stream that lacks values of the picture, or holds other or more than these."""


def ending_in_no_code(stream: bytes, *, left_out: int = 0) -> bytes:
    """A JPEG stream at whose end a decoder fails that still lacks values, instead of filling up the picture.

    Args:
        stream: a single scan.
        left_out: this many bytes before the end of the scan.
    """
    scan = _scan_header(stream)
    end = _end_of_scan(stream, scan)[0] if scan else len(stream)
    kept = stream[:end].rstrip(b"\xff")  # bytes that may fill up to a marker
    for _ in range(left_out):
        kept = kept[:-2] if kept.endswith(b"\xff\x00") else kept[:-1]
    return kept + _NO_CODE + stream[end:]


def refuse_incomplete_lossless_jpeg(stream: bytes, picture: NDArray[np.integer[Any]], precision: int) -> None:
    """Compare the codes that the decoded picture takes with those that the stream holds (T.81 H.1.2).

    Each value takes the Huffman code of its difference's magnitude and as many bits as that magnitude has. The decoder
    itself resumes after what it cannot decode, clips what comes out, and fills up what is missing.

    Args:
        stream: a single scan, with or without restart intervals.
        picture: ``(rows, cols)`` as decoded.
        precision: bits of a value, as the frame header says.

    Raises:
        IncompleteStreamError: bits are missing or left over, or others than the picture's.
    """
    scan = _scan_header(stream)
    if scan is None:
        raise IncompleteStreamError("the compressed pixels end too early")
    table, predictor, shift = stream[scan.start + 2] >> 4, stream[scan.end - 3], stream[scan.end - 1] & 15
    huffman = _huffman_codes(stream, table)
    costs = _bits_of_differences(huffman)
    end, restarts = _end_of_scan(stream, scan)
    starts, ends = [scan.end, *(place + 2 for place in restarts)], [*restarts, end]
    parts = [stream[first:last].rstrip(b"\xff") for first, last in zip(starts, ends, strict=True)]
    rows_of_part = _restart_interval(stream) // picture.shape[1] or len(picture)
    if len(parts) != -(-len(picture) // rows_of_part):
        raise IncompleteStreamError("the compressed pixels have a missing or an extra restart interval")
    if int(picture.max()) >= 1 << precision:
        raise IncompleteStreamError(LOST_OR_CHANGED)
    values = picture.astype(np.uint16, copy=False)
    if shift:
        values = values >> np.uint16(shift)
    for number, part in enumerate(parts):
        rows = values[number * rows_of_part : (number + 1) * rows_of_part]
        differences = _differences(rows, predictor, 1 << (precision - shift - 1))
        _compare_codes(part.replace(b"\xff\x00", b"\xff"), differences, np.take(costs, differences), huffman)


def _compare_codes(
    scan: bytes, differences: NDArray[np.uint16], costs: NDArray[np.uint8], huffman: dict[int, tuple[int, int]]
) -> None:
    """Compare the number of bits, and the longest code of each row with the stream."""
    longest = costs.argmax(axis=1)
    if costs[np.arange(len(costs)), longest].max() == _NO_COST:
        raise IncompleteStreamError(LOST_OR_CHANGED)
    row_ends = np.cumsum(costs.sum(axis=1, dtype=np.int64))
    left = 8 * len(scan) - int(row_ends[-1])
    if left < 0:
        raise IncompleteStreamError("the compressed pixels end too early")
    ones = (1 << left) - 1
    if left > 7 or scan[-1] & ones not in (0, ones):  # the rest of a byte is ones (T.81 F.1.2.3), of some writers 0
        raise IncompleteStreamError(LOST_OR_CHANGED)
    for row, (column, row_end) in enumerate(zip(longest.tolist(), row_ends.tolist(), strict=True)):
        end = row_end - int(costs[row, column + 1 :].sum(dtype=np.int64))
        code, length = _code(int(differences[row, column]), huffman)
        if _bits(scan, end - length, end) != code:
            raise IncompleteStreamError(LOST_OR_CHANGED)


def _bits(scan: bytes, start: int, end: int) -> int:
    """The bits of a stretch as a number, the first the highest."""
    first, last = start // 8, -(-end // 8)
    return (int.from_bytes(scan[first:last]) >> (8 * last - end)) & ((1 << (end - start)) - 1)


def _code(difference: int, huffman: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Huffman code of the magnitude with the bits behind it, and their number (T.81 H.1.2.2)."""
    signed = difference - 2**16 if difference > 2**15 else difference
    magnitude = abs(signed).bit_length()
    code, length = huffman[magnitude]
    if 0 < magnitude < 16:
        behind = signed if signed > 0 else signed + 2**magnitude - 1
        return (code << magnitude) | behind, length + magnitude
    return code, length


def refuse_incomplete_jpeg_2000(stream: bytes, *, high_throughput: bool = False) -> None:
    """Follow the lengths that tile-parts state, and look for a stretch that a transfer left empty.

    Decoders read on into the end marker where bytes are lost; what follows a gap decodes to something else.

    Args:
        stream: a codestream, also inside a JP2 file.
        high_throughput: whether its code blocks are those of T.814.

    Raises:
        IncompleteStreamError: a tile-part does not end where the next or the end marker begins, or there is a long run
            of equal bytes, 00 or FF, where code words should be.
    """
    first = start = stream.find(START_OF_TILE_PART)
    while start >= 0 and stream.startswith(START_OF_TILE_PART, start):
        length = int.from_bytes(stream[start + 6 : start + 10])
        if length == 0:  # up to the end marker (T.800 A.4.2)
            break
        start += length
        if start > len(stream):
            raise IncompleteStreamError("the compressed pixels end too early")
        if stream[start : start + 2] not in (START_OF_TILE_PART[:2], _END_OF_CODESTREAM, b""):
            raise IncompleteStreamError(LOST_OR_CHANGED)
    style = coding_style(stream)
    if style is None or style.has_precincts or style.bypasses:  # any number of empty packets; bits stored as they are
        return
    gap = _SHORTEST_GAP_OF_HTJ2K if high_throughput else _SHORTEST_GAP
    longest = gap + style.layers * (style.levels + 1)  # an empty packet is one byte 00 (T.800 B.10.3)
    end = stream.rfind(_END_OF_CODESTREAM)
    if any(stream.find(equal, first, end) >= 0 for equal in (bytes(longest), b"\xff" * _SHORTEST_GAP)):
        raise IncompleteStreamError("the compressed pixels have a gap")


def _scan_header(stream: bytes) -> Segment | None:
    return next((segment for segment in jpeg_segments(stream) if segment.marker == START_OF_SCAN), None)


def _end_of_scan(stream: bytes, scan: Segment) -> tuple[int, list[int]]:
    """Position of the next marker behind the scan, or the stream's end; and of the restart markers within."""
    if scan.end >= len(stream):
        return len(stream), []
    coded = np.frombuffer(stream, np.uint8, offset=scan.end)
    before = np.flatnonzero(coded[:-1] == 0xFF)
    codes = coded[before + 1]
    is_marker = (codes != 0) & (codes != 0xFF)  # neither a stuffed byte nor one that fills up to a marker
    places, codes = before[is_marker] + scan.end, codes[is_marker]
    ending = np.flatnonzero((codes < 0xD0) | (codes > 0xD7))
    if not len(ending):
        return len(stream), places.tolist()
    return int(places[ending[0]]), places[: ending[0]].tolist()


def _restart_interval(stream: bytes) -> int:
    """In values; 0 if there is none (T.81 B.2.4.4)."""
    for marker, start, _ in jpeg_segments(stream):
        if marker == _RESTART_INTERVAL:
            return int.from_bytes(stream[start : start + 2])
    return 0


def _huffman_codes(stream: bytes, wanted: int) -> dict[int, tuple[int, int]]:
    """Huffman code of each magnitude and its length (T.81 B.2.4.2, C.2)."""
    codes: dict[int, tuple[int, int]] = {}
    for marker, start, end in jpeg_segments(stream):
        place = start
        while marker == _HUFFMAN_TABLE and place + 17 <= end:
            counts = stream[place + 1 : place + 17]
            if stream[place] & 15 == wanted:
                codes, code, symbols = {}, 0, iter(stream[place + 17 : end])
                for length, count in enumerate(counts, 1):
                    for symbol in islice(symbols, count):
                        codes[symbol] = (code, length)
                        code += 1
                    code <<= 1
            place += 17 + sum(counts)
    return codes


def _bits_of_differences(huffman: dict[int, tuple[int, int]]) -> NDArray[np.uint8]:
    """``(65536,)``: what each difference modulo 2^16 takes; 255 where its magnitude has no code."""
    differences = np.arange(2**16)
    magnitudes = np.ceil(np.log2(np.minimum(differences, 2**16 - differences) + 1)).astype(int)
    extra = np.where(magnitudes == 16, 0, magnitudes)  # 32768 alone takes no bits more (T.81 H.1.2.2)
    lengths = np.array([huffman.get(magnitude, (0, _NO_COST))[1] for magnitude in range(17)])
    return np.asarray(np.minimum(lengths[magnitudes] + extra, _NO_COST), dtype=np.uint8)


def _differences(rows: NDArray[np.uint16], predictor: int, middle: int) -> NDArray[np.uint16]:
    """Values less what was predicted of them, modulo 2^16 (T.81 H.1.2.1, table H.1)."""
    differences = rows.copy()
    differences[:1, :1] -= np.uint16(middle)  # an array wraps without a warning, a single number does not
    differences[0, 1:] -= rows[0, :-1]
    differences[1:, 0] -= rows[:-1, 0]
    left, above, corner = rows[1:, :-1], rows[:-1, 1:], rows[:-1, :-1]
    differences[1:, 1:] -= _predicted(left, above, corner, predictor)
    return differences


def _predicted(
    left: NDArray[np.uint16], above: NDArray[np.uint16], corner: NDArray[np.uint16], predictor: int
) -> NDArray[np.uint16]:
    if predictor <= 3:
        return (left, left, above, corner)[predictor]
    a, b, c = (values.astype(np.int32) for values in (left, above, corner))
    predicted = {4: a + b - c, 5: a + ((b - c) >> 1), 6: b + ((a - c) >> 1), 7: (a + b) >> 1}
    return predicted.get(predictor, a).astype(np.uint16)
