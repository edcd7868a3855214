"""How an image's grey values are displayed, taken over by a presentation state: PS3.3 C.11.1, C.11.6 and C.11.8.

highdicom copies these modules too, but refuses images with a window beside a VOI LUT, which the standard allows, and
with malformed values.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from mammolens.dicom.header_values import WRONG_FORM, number_of, text_of
from mammolens.dicom.lookup import LookupTable
from mammolens.dicom.voi import voi_of

_OF_DISPLAY = (
    "ModalityLUTSequence",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
)


def without_display(source: Dataset) -> Dataset:
    """A header without the attributes that :func:`with_display_of` takes over."""
    plain = deepcopy(source)
    for keyword in _OF_DISPLAY:
        if keyword in plain:
            delattr(plain, keyword)
    plain.SamplesPerPixel = 1  # which sparse headers lack
    return plain


def with_display_of(state: Dataset, source: Dataset) -> Dataset:
    """Display grey values as the source's header says: Modality LUT, VOI LUT or first window, and polarity.

    Args:
        state: a presentation state of one image.
        source: its header. Values of the wrong form are left out, as :mod:`mammolens.dicom.voi` ignores them.
    """
    _set_modality_lut(state, source)
    voi = _voi_of(source)
    if voi:
        state.SoftcopyVOILUTSequence = DicomSequence([voi])
    inverse = text_of(source, "PhotometricInterpretation") == "MONOCHROME1"
    state.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    return state


def _set_modality_lut(state: Dataset, source: Dataset) -> None:
    signed = number_of(source, "PixelRepresentation") == 1
    table = _first_table(source, "ModalityLUTSequence", signed=signed)
    if table is not None:
        table.ModalityLUTType = "US"  # unspecified (PS3.3 C.11.1.1.2)
        state.ModalityLUTSequence = DicomSequence([table])
        return
    slope, intercept = number_of(source, "RescaleSlope"), number_of(source, "RescaleIntercept")
    if slope is not None or intercept is not None:
        state.RescaleSlope = _decimal(1.0 if slope is None else slope)
        state.RescaleIntercept = _decimal(intercept or 0.0)
        state.RescaleType = "US"


def _voi_of(source: Dataset) -> Dataset | None:
    table = _first_table(source, "VOILUTSequence", signed=False)
    item = Dataset()
    if table is not None:
        item.VOILUTSequence = DicomSequence([table])
        return item
    if voi_of(source) is None:
        return None
    center, width = number_of(source, "WindowCenter"), number_of(source, "WindowWidth")
    if center is None or width is None:
        return None
    item.WindowCenter, item.WindowWidth = _decimal(center), _decimal(width)
    function = text_of(source, "VOILUTFunction").upper()
    if function in ("LINEAR_EXACT", "SIGMOID"):
        item.VOILUTFunction = function
    return item


def _first_table(source: Dataset, keyword: str, *, signed: bool) -> Dataset | None:
    """The first table that can be used, written as words in little endian."""
    for item in source.get(keyword) or []:
        try:
            table = LookupTable.of(item, little_endian=bool(getattr(source, "is_little_endian", True)), signed=signed)
        except (AttributeError, IndexError, *WRONG_FORM):
            continue
        written = Dataset()
        representation = "SS" if table.first < 0 else "US"
        written.add_new("LUTDescriptor", representation, [_count(table), table.first, table.bits])
        written.add_new("LUTData", "OW", table.entries.astype("<u2").tobytes())
        return written
    return None


def _count(table: LookupTable) -> int:
    """Number of entries as a descriptor states it: 0 for 65,536."""
    return len(table.entries) % 2**16 if table.first >= 0 else int(np.int16(np.uint16(len(table.entries) % 2**16)))


def _decimal(value: float) -> str:
    """A Decimal String of 16 characters at most (PS3.5 6.2)."""
    return next(text for digits in range(15, 0, -1) if len(text := f"{value:.{digits}g}") <= 16)
