"""The VOI LUT module: which values are shown black, white and between (PS3.3 C.11.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from pydicom.dataset import Dataset
from scipy.special import expit

from mammolens.dicom.channels import COLOURS
from mammolens.dicom.header_values import WRONG_FORM, number_of, stated_value, text_of
from mammolens.dicom.lookup import LookupTable
from mammolens.types import FloatImage

ToGreys = Callable[[FloatImage], FloatImage]  # values to greys in [0, 1]
_FUNCTIONS: Final = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def voi_of(dataset: Dataset) -> ToGreys | None:
    """The first VOI LUT that can be used, else the first window; ``None`` where the header has neither, or of colours.

    Unusable values are ignored and reported by :func:`unusable_voi`.
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
    if center is None or width is None or width <= 0:  # the narrowest window is not a ramp
        return None
    return partial(_sigmoid if function == "SIGMOID" else _linear, center=center, width=width)


def voi_attributes(dataset: Dataset) -> tuple[str, ...]:
    """What :func:`voi_of` takes the greys from: a VOI LUT, or the attributes of the window with their values."""
    number = next((number for number, table in enumerate(_tables(dataset), 1) if table is not None), None)
    if number is not None:
        return (f"VOILUTSequence item {number}",)
    return stated_value(dataset, "WindowCenter"), stated_value(dataset, "WindowWidth")


def unusable_voi(dataset: Dataset) -> tuple[str, ...]:
    """VOI LUTs, the VOI LUT Function and a Window Width that cannot be used; other numbers are reported elsewhere."""
    tables, function = _tables(dataset), _function(dataset)
    unusable = [f"VOILUTSequence item {number}" for number, table in enumerate(tables, 1) if table is None]
    if function and function not in _FUNCTIONS:
        unusable.append(f"VOILUTFunction {function!r}")
    has_window = number_of(dataset, "WindowCenter") is not None and number_of(dataset, "WindowWidth") is not None
    if has_window and voi_of(dataset) is None and text_of(dataset, "PhotometricInterpretation") not in COLOURS:
        unusable.append(stated_value(dataset, "WindowWidth"))
    return tuple(unusable)


def _function(dataset: Dataset) -> str:
    """VOI LUT Function in capitals as in the standard, empty if there is none."""
    return text_of(dataset, "VOILUTFunction").upper()


def _tables(dataset: Dataset) -> list[LookupTable | None]:
    """The VOI LUTs, ``None`` for one that cannot be used."""
    little_endian, signed = bool(getattr(dataset, "is_little_endian", True)), _may_be_negative(dataset)
    return [_table(item, little_endian, signed) for item in dataset.get("VOILUTSequence") or []]


def _may_be_negative(dataset: Dataset) -> bool:
    """Whether values behind Rescale Slope and Intercept may be; then a VOI LUT's first one is signed (C.11.2.1.1)."""
    if number_of(dataset, "PixelRepresentation") != 1:
        return False
    slope, intercept = number_of(dataset, "RescaleSlope"), number_of(dataset, "RescaleIntercept")
    lowest = -(2.0 ** (min(number_of(dataset, "BitsStored") or 16, 32) - 1))
    return lowest * (1.0 if slope is None else slope) + (intercept or 0.0) < 0


def _table(item: Dataset, little_endian: bool, signed: bool) -> LookupTable | None:
    try:
        return LookupTable.of(item, little_endian=little_endian, signed=signed)
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
