"""Boxes around lesions as tables give them: columns ``x``, ``y``, ``w`` and ``h``."""

from __future__ import annotations

from typing import Final

from mammolens.datasets.base import Lesion
from mammolens.datasets.csv_rows import CsvRow

BOX_COLUMNS: Final = ("x", "y", "w", "h")


def boxed_lesion(row: CsvRow, shape: str = "box", kind: str = "mass") -> Lesion:
    """The lesion in the box of a row: its upper left corner, width and height in pixels, origin top left.

    Raises:
        DatasetError: a cell is not a number.
    """
    x, y, width, height = (row.required_number(name) for name in BOX_COLUMNS)
    return Lesion.in_box(y, x, y + height, x + width, shape=shape, kind=kind)
