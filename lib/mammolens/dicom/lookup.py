"""Look-up tables of the Modality LUT and VOI LUT modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from mammolens.types import FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """An item of Modality LUT Sequence or VOI LUT Sequence (PS3.3 C.11.1.1, C.11.2.1.1).

    Attributes:
        entries: ``(n,)`` integers.
        first: the value that the first entry is for.
        bits: of an entry; more than the descriptor says where entries need more.
    """

    entries: NDArray[np.integer[Any]]
    first: int
    bits: int

    @classmethod
    def of(cls, item: Dataset, *, little_endian: bool = True, signed: bool = False) -> LookupTable:
        """Read an item with LUT Descriptor and LUT Data.

        Args:
            item: of the sequence.
            little_endian: of the data set, for tables that are stored as bytes.
            signed: whether the values to look up may be negative; then the first one mapped is signed, also where it
                is written as unsigned.

        Raises:
            ValueError: the table has fewer entries than its descriptor says, or entries of no bits.
            Exception: whatever else pydicom raises about an item of another form.
        """
        descriptor = [int(number) for number in item.LUTDescriptor]
        count, first, bits = descriptor[0] % 2**16 or 2**16, descriptor[1], descriptor[2]
        entries = _entries(item.LUTData, count, little_endian)
        if signed and first >= 2**15:
            first -= 2**16
        if len(entries) < count:
            raise ValueError(f"a look-up table has {len(entries)} entries and not {count}")
        if not 1 <= bits <= 16:
            raise ValueError(f"a look-up table has entries of {bits} bits")
        return cls(entries[:count], first, max(bits, int(entries[:count].max()).bit_length()))

    def apply(self, values: NDArray[np.generic]) -> FloatImage:
        """Look values up: those below the first one mapped get the first entry, those above the last one the last.

        Args:
            values: ``(rows, cols)``; fractions are rounded.
        """
        places = (values if np.issubdtype(values.dtype, np.integer) else np.rint(values)).astype(np.int32)
        places -= self.first
        np.clip(places, 0, len(self.entries) - 1, out=places)
        return self.entries.astype(np.float32)[places]


def _entries(data: object, count: int, little_endian: bool) -> NDArray[np.integer[Any]]:
    """A list of numbers (US, SS) or bytes (OW), of which an entry takes two, or one if packed."""
    if not isinstance(data, bytes):
        return np.asarray(data, dtype=np.int64).ravel()
    packed = len(data) < 2 * count
    return np.frombuffer(data, dtype=np.uint8 if packed else "<u2" if little_endian else ">u2")
