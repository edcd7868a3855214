from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.lookup import LookupTable


def table_of(entries: list[int], first: int, bits: int, *, data: object = None, vr: str = "OW") -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 2**16, first, bits])
    item.add_new("LUTData", vr, np.asarray(entries, "<u2").tobytes() if data is None else data)
    return item


def looked_up(values: np.ndarray, item: Dataset, *, little_endian: bool = True) -> np.ndarray:
    return LookupTable.of(item, little_endian=little_endian).apply(values)


def by_the_standard(value: int, entries: list[int], first: int) -> int:
    """PS3.3 C.11.2.1.1 in so many words."""
    if value < first:
        return entries[0]
    if value >= first + len(entries):
        return entries[-1]
    return entries[value - first]


@pytest.mark.parametrize("first", [-20, 0, 7])
@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32])
def test_each_value_gets_its_entry(first, kind):
    entries = [int(entry) for entry in np.random.default_rng(1).integers(0, 4096, size=50)]
    values = np.arange(-40, 80).reshape(8, 15).astype(kind)
    table = LookupTable.of(table_of(entries, first, 12))
    greys = table.apply(values)
    assert (greys.dtype, table.bits) == (np.float32, 12)
    expected = [[by_the_standard(int(value), entries, first) for value in row] for row in values]
    np.testing.assert_array_equal(greys, expected)


def test_fractions_go_to_the_nearest_entry():
    greys = looked_up(np.array([[0.4, 0.6, 1.4, 1.6]], np.float32), table_of([10, 20, 30], 0, 8))
    np.testing.assert_array_equal(greys, [[10, 20, 20, 30]])


def test_entries_of_eight_bits_are_bytes_or_words():
    entries, values = [0, 50, 200, 255], np.arange(4).reshape(1, 4)
    packed = table_of(entries, 0, 8, data=bytes(entries))
    for item in (packed, table_of(entries, 0, 8), table_of(entries, 0, 8, data=entries, vr="US")):
        np.testing.assert_array_equal(looked_up(values, item), [entries])


def test_a_long_table_of_small_entries_keeps_its_place():
    """A table of 4096 entries of 8 bits; values above 255 must not wrap around."""
    entries = [place // 16 for place in range(4096)]
    greys = looked_up(np.array([[0, 255, 256, 4095]]), table_of(entries, 0, 8))
    np.testing.assert_array_equal(greys, [[0, 15, 16, 255]])


def test_words_may_be_big_endian():
    item = table_of([1, 2, 3], 0, 16, data=np.array([1, 2, 3], ">u2").tobytes())
    np.testing.assert_array_equal(looked_up(np.array([[0, 2]]), item, little_endian=False), [[1, 3]])


def test_zero_entries_are_65536():
    entries = list(range(65536))
    greys = looked_up(np.array([[0, 40000, 65535]], np.uint16), table_of(entries, 0, 16))
    np.testing.assert_array_equal(greys, [[0, 40000, 65535]])


def test_a_table_that_is_too_short_is_an_error():
    item = table_of([1, 2, 3], 0, 12)
    item.LUTDescriptor = [10, 0, 12]
    with pytest.raises(ValueError, match="a look-up table has 6 entries and not 10"):
        looked_up(np.zeros((1, 1), np.int16), item)
