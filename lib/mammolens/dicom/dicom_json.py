"""A header as JSON under the names of its attributes, as OHIF's DICOM JSON data source reads it."""

from __future__ import annotations

import math
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "OB or OW", "UN"))
_WHOLE = frozenset(("AT", "IS", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"))
_REAL = frozenset(("DS", "FD", "FL"))


def dicom_json(dataset: Dataset) -> dict[str, Any]:
    """Every attribute with a value but binary and private ones.

    Single values are not in a list; items of a sequence are objects; numbers are numbers.
    """
    return {
        element.keyword: value
        for element in dataset
        if element.keyword and element.VR not in _BINARY and (value := _value(element)) is not None
    }


def _value(element: DataElement) -> Any:
    if element.VR == "SQ":
        return [dicom_json(item) for item in element.value]
    if element.value is None or element.value == "":
        return None
    if isinstance(element.value, MultiValue | list | tuple):
        return [_single(element.VR, one) for one in element.value]
    return _single(element.VR, element.value)


def _single(representation: str, value: Any) -> Any:
    try:
        if representation in _WHOLE:
            return int(value)
        if representation in _REAL:
            return float(value) if math.isfinite(float(value)) else None
    except (TypeError, ValueError):
        return None
    return str(value)
