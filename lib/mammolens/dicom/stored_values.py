"""Cells to the values that were stored: sign, unused bits, and what the header misstates about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset

from mammolens.dicom.codecs import Cells
from mammolens.dicom.decoding import decoded_cells
from mammolens.dicom.header_values import OVERLAY_GROUPS, needed_number, stated_value
from mammolens.dicom.padding import padding_mask
from mammolens.errors import PixelDataError

StoredValues = NDArray[np.integer[Any]]
_ROWS_LOOKED_AT: Final = 512  # at least, if there are so many, when looking for tears


class StoredPixels(NamedTuple):
    """What Pixel Data holds.

    Attributes:
        values: ``(rows, cols)`` integers, signed or unsigned.
        cells: the same, including the bits above them.
        unusable: attributes of the header that the pixels contradict, as ``"BitsStored '10'"``.
    """

    values: StoredValues
    cells: StoredValues
    unusable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stated:
    """What the header says of the cells (PS3.3 C.7.6.3.1); ``high`` is the index of the highest bit."""

    bits: int
    high: int
    signed: bool


def stored_pixels(dataset: FileDataset, path: Path, *, all_details: bool = True) -> StoredPixels:
    """Decode a single-frame grey-scale image and read its cells as the header says (PS3.5 8.1.1).

    Where a value needs more bits than the header grants it, it is kept whole and the attribute set aside: a value
    is never taken modulo. Bits above High Bit are dropped only where they repeat the sign or the header says that
    they are an overlay's (PS3.5 8.1.2). A sign that tears the picture apart is set aside, too.

    Raises:
        PixelDataError: as :func:`~mammolens.dicom.decoding.decoded_cells`, or Bits Stored cannot be, or there is
            something above High Bit that is neither value, sign nor overlay.
        UnsupportedMammogramError: too few pixels for a mammogram, or too many.
    """
    cells = decoded_cells(dataset, path, all_details=all_details)
    stated, unusable = _stated(dataset, cells, path)
    whole = _signed(cells.patterns, cells.bits) if stated.signed else cells.patterns
    patterns, bits = cells.patterns, stated.bits
    below = stated.high + 1 - bits
    if below and _fits_below(patterns, bits, below):
        unusable = (*unusable, stated_value(dataset, "HighBit"))
    elif below and _is_filler(patterns, bits, below, dataset):
        patterns = np.right_shift(patterns, patterns.dtype.type(below)) & _mask(patterns, bits)
    elif below:
        bits, unusable = cells.bits, (*unusable, stated_value(dataset, "BitsStored"), stated_value(dataset, "HighBit"))
    elif patterns.max() > _mask(patterns, bits):
        if _is_of_the_value(patterns, whole, stated, dataset, path):
            bits, unusable = cells.bits, (*unusable, stated_value(dataset, "BitsStored"))
        else:
            patterns = patterns & _mask(patterns, bits)
    values = _signed(patterns, bits) if stated.signed else patterns
    if stated.signed or cells.signed:
        other = patterns if stated.signed else _signed(patterns, bits)
        if _tears(values, bits) > 10 * _tears(other, bits) + 4:
            values, unusable = other, (*unusable, stated_value(dataset, "PixelRepresentation"))
    return StoredPixels(values, whole, unusable)


def _is_of_the_value(
    patterns: NDArray[np.unsignedinteger[Any]], whole: StoredValues, stated: _Stated, dataset: Dataset, path: Path
) -> bool:
    """Whether the bits above High Bit belong to the values: they are neither sign nor padding nor overlay."""
    low = patterns & _mask(patterns, stated.bits)
    strange = patterns != low
    if stated.signed:
        strange &= _signed(low, stated.bits) != whole
    padding = padding_mask(whole, dataset)
    if padding is not None:
        strange &= ~padding
    used = int(np.bitwise_or.reduce((patterns ^ low)[strange]))
    if not used & ~_overlay_bits(dataset):
        return False
    if not _follows(used, stated.bits):
        reason = f"bits above High Bit {stated.high} are in use, and Overlay Bit Position does not explain them"
        raise PixelDataError(path, reason, "correct BitsStored and HighBit, or export the image again")
    return True


def _stated(dataset: Dataset, cells: Cells, path: Path) -> tuple[_Stated, tuple[str, ...]]:
    allocated = int(needed_number(dataset, "BitsAllocated", path))
    bits = int(needed_number(dataset, "BitsStored", path, default=allocated))
    if not 1 <= bits <= allocated:
        reason = f"BitsStored is {bits}, and BitsAllocated {allocated}"
        raise PixelDataError(path, reason, "correct BitsStored, or export the image again")
    signed = int(needed_number(dataset, "PixelRepresentation", path))
    if signed not in (0, 1):
        reason = f"PixelRepresentation is {signed}, neither 0 nor 1"
        raise PixelDataError(path, reason, "correct PixelRepresentation, or export the image again")
    high = int(needed_number(dataset, "HighBit", path, default=bits - 1))
    if cells.bits != allocated:  # compressed cells hold the stored bits only, and may be narrower
        return _Stated(min(bits, cells.bits), min(bits, cells.bits) - 1, bool(signed)), ()
    if not bits - 1 <= high < allocated:
        return _Stated(bits, bits - 1, bool(signed)), (stated_value(dataset, "HighBit"),)
    return _Stated(bits, high, bool(signed)), ()


def _mask(patterns: NDArray[np.unsignedinteger[Any]], bits: int) -> np.unsignedinteger[Any]:
    return patterns.dtype.type(2**bits - 1)


def _signed(patterns: NDArray[np.unsignedinteger[Any]], bits: int) -> StoredValues:
    """Two's complement of this many bits, extended to the cell."""
    unused = 8 * patterns.itemsize - bits
    return np.asarray(np.right_shift((patterns << unused).view(f"i{patterns.itemsize}"), unused))


def _fits_below(patterns: NDArray[np.unsignedinteger[Any]], bits: int, below: int) -> bool:
    """Whether the values are in the lowest bits, although High Bit says that they end higher up."""
    return bool(patterns.max() <= _mask(patterns, bits) and (patterns & _mask(patterns, below)).any())


def _is_filler(patterns: NDArray[np.unsignedinteger[Any]], bits: int, below: int, dataset: Dataset) -> bool:
    """Whether the bits around the stored ones are the same in all cells, or an overlay's."""
    rest = patterns & patterns.dtype.type(2 ** (8 * patterns.itemsize) - 1 - ((2**bits - 1) << below))
    return bool(rest.min() == rest.max()) or not int(np.bitwise_or.reduce(rest, axis=None)) & ~_overlay_bits(dataset)


def _follows(used: int, bits: int) -> bool:
    """Whether the bits in use above the stored ones follow them without a hole, as larger values would."""
    above = used >> bits
    return above & (above + 1) == 0


def _overlay_bits(dataset: Dataset) -> int:
    """Bits of the cells that overlays without data of their own use (PS3.3 C.9.2, retired)."""
    bits = 0
    for group in OVERLAY_GROUPS:
        if (group, 0x0102) in dataset and (group, 0x3000) not in dataset:
            position = dataset[group, 0x0102].value
            bits |= 1 << position if isinstance(position, int) and position >= 0 else 0
    return bits


def _tears(values: StoredValues, bits: int) -> int:
    """Neighbours near opposite ends of the range, as a wrong sign makes them; marks burnt into air are at the ends."""
    rows = values[:: max(1, len(values) // _ROWS_LOOKED_AT)].astype(np.int32)
    steps = np.abs(np.diff(rows, axis=1))
    return int(np.count_nonzero((steps > 15 * 2 ** (bits - 4)) & (steps < 2**bits - 1)))
