"""What a mammogram's DICOM header says about showing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TAGS = [
    "PhotometricInterpretation",
    "BitsStored",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "WindowCenter",
    "WindowWidth",
    "PatientOrientation",
]


@dataclass(frozen=True)
class Header:
    """Of one image.

    Attributes:
        is_monochrome1: small stored values are bright (PS3.3 C.7.6.3.1.2).
        window: lowest and highest value of the first window, of values as Slicer has them: GDCM turns MONOCHROME1
            images round, so the window is turned round too; ``None`` where there is none.
        patient_orientation: where rows and columns point to (PS3.3 C.7.6.1.1.1), as ("P", "L"); ``None`` if unknown.
    """

    is_monochrome1: bool = False
    window: tuple[float, float] | None = None
    patient_orientation: tuple[str, str] | None = None


def read_header(path: Path | str) -> Header:
    """The header of a DICOM file; nothing is known of what cannot be read."""
    from pydicom import dcmread  # Slicer brings it

    try:
        dataset = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    except Exception:  # noqa: BLE001 - pydicom raises whatever a damaged value makes it stumble over
        return Header()
    is_monochrome1 = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    return Header(is_monochrome1, _window(dataset, is_monochrome1), _orientation(dataset.get("PatientOrientation")))


def _window(dataset: Any, is_monochrome1: bool) -> tuple[float, float] | None:
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if centre is None or width is None or width <= 1:
        return None
    slope, intercept = _first(dataset.get("RescaleSlope")), _first(dataset.get("RescaleIntercept"))
    # PS3.3 C.11.2.1.2.1, LINEAR: black up to centre - 0.5 - (width - 1) / 2, white from centre - 0.5 + (width - 1) / 2.
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    if not is_monochrome1:
        return low, high
    largest = 2.0 ** int(dataset.get("BitsStored", 16)) - 1
    lowest = -1.0 if dataset.get("PixelRepresentation") else largest  # what a value and its opposite add up to
    turned = (1.0 if slope is None else slope) * lowest + 2 * (intercept or 0.0)
    return turned - high, turned - low


def _first(value: Any) -> float | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if len(value) else None
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None


def _orientation(value: Any) -> tuple[str, str] | None:
    words = [str(word) for word in value] if value is not None and not isinstance(value, str) else []
    known = len(words) == 2 and all(word and set(word) <= set("APLRHF") for word in words)
    return (words[0], words[1]) if known else None
