"""Look-up tables of the Modality LUT and VOI LUT modules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from mammolens.types import FloatImage


def looked_up(values: NDArray[np.generic], item: Dataset, *, little_endian: bool = True) -> tuple[FloatImage, int]:
    """Map values through an item of Modality LUT Sequence or VOI LUT Sequence (PS3.3 C.11.1.1, C.11.2.1.1).

    Values below the first one mapped get the first entry, values above the last one the last entry.

    Args:
        values: ``(rows, cols)``; fractions are rounded.
        item: with LUT Descriptor and LUT Data.
        little_endian: of the data set, for tables that are stored as bytes.

    Returns:
        ``(rows, cols)`` float32, and the number of bits of an entry.

    Raises:
        ValueError: the table has fewer entries than its descriptor says.
    """
    descriptor = [int(number) for number in item.LUTDescriptor]
    entries, first, bits = descriptor[0] % 2**16 or 2**16, descriptor[1], descriptor[2]
    table = _table(item.LUTData, entries, little_endian)
    if len(table) < entries:
        raise ValueError(f"a look-up table has {len(table)} entries and not {entries}")
    places = (values if np.issubdtype(values.dtype, np.integer) else np.rint(values)).astype(np.int32)
    places -= first
    np.clip(places, 0, entries - 1, out=places)
    return table.astype(np.float32)[places], bits


def _table(data: object, entries: int, little_endian: bool) -> NDArray[np.integer]:  # type: ignore[type-arg]
    """The entries: a list of numbers (US, SS) or bytes (OW), of which an entry takes two, or one if packed."""
    if not isinstance(data, bytes):
        return np.asarray(data, dtype=np.int64).ravel()
    packed = len(data) < 2 * entries
    return np.frombuffer(data, dtype=np.uint8 if packed else "<u2" if little_endian else ">u2")
