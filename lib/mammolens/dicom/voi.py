"""The VOI LUT module: which values are shown black, white and between (PS3.3 C.11.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from pydicom.dataset import Dataset
from scipy.special import expit

from mammolens.dicom.channels import COLOURS
from mammolens.dicom.header_values import WRONG_FORM, number_of, text_of
from mammolens.dicom.lookup import LookupTable
from mammolens.types import FloatImage

ToGreys = Callable[[FloatImage], FloatImage]  # values to greys in [0, 1]
_FUNCTIONS: Final = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def voi_of(dataset: Dataset) -> ToGreys | None:
    """The first VOI LUT that can be used, else the first window; ``None`` where the header has neither, or of colours.

    What cannot be used is passed over, and told by :func:`unusable_voi`.
    """
    if text_of(dataset, "PhotometricInterpretation") in COLOURS:  # C.11.2.1.2: a window is for MONOCHROME1 and 2
        return None
    table = next((table for table in _tables(dataset) if table is not None), None)
    if table is not None:
        return partial(_through_table, table=table)
    center, width = number_of(dataset, "WindowCenter"), number_of(dataset, "WindowWidth")
    function = _function(dataset)
    if function not in ("LINEAR_EXACT", "SIGMOID"):  # LINEAR, C.11.2.1.2.1
        center, width = None if center is None else center - 0.5, None if width is None else width - 1.0
    if center is None or width is None or width <= 0:  # the narrowest window is no ramp
        return None
    return partial(_sigmoid if function == "SIGMOID" else _linear, center=center, width=width)


def unusable_voi(dataset: Dataset) -> tuple[str, ...]:
    """VOI LUTs and the VOI LUT Function that cannot be used; windows are numbers among others."""
    unusable = tuple(
        f"VOILUTSequence item {number}" for number, table in enumerate(_tables(dataset), 1) if table is None
    )
    function = _function(dataset)
    return unusable if not function or function in _FUNCTIONS else (*unusable, f"VOILUTFunction {function!r}")


def _function(dataset: Dataset) -> str:
    """VOI LUT Function in the standard's capitals, empty where there is none."""
    return text_of(dataset, "VOILUTFunction").upper()


def _tables(dataset: Dataset) -> list[LookupTable | None]:
    """The VOI LUTs, ``None`` for one that cannot be used."""
    little_endian = bool(getattr(dataset, "is_little_endian", True))
    return [_table(item, little_endian) for item in dataset.get("VOILUTSequence") or []]


def _table(item: Dataset, little_endian: bool) -> LookupTable | None:
    try:
        return LookupTable.of(item, little_endian=little_endian)
    except (AttributeError, IndexError, *WRONG_FORM):
        return None


def _through_table(values: FloatImage, table: LookupTable) -> FloatImage:
    greys = table.apply(values)
    greys /= np.float32(2**table.bits - 1)
    return np.clip(greys, 0.0, 1.0, out=greys)


def _sigmoid(values: FloatImage, center: float, width: float) -> FloatImage:
    """C.11.2.1.3.1."""
    return np.asarray(expit((values - np.float32(center)) * np.float32(4.0 / width)), dtype=np.float32)


def _linear(values: FloatImage, center: float, width: float) -> FloatImage:
    """C.11.2.1.3.2, LINEAR_EXACT."""
    greys = values - np.float32(center)
    greys /= np.float32(width)
    greys += np.float32(0.5)
    return np.clip(greys, 0.0, 1.0, out=greys)
