"""Stored values to what a mammogram looks like: Modality LUT, VOI, polarity, padding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from mammolens.dicom.decoding import StoredValues, decoded_cells, without_unused_bits
from mammolens.dicom.header_values import number_of
from mammolens.dicom.lookup import looked_up
from mammolens.dicom.opening import damage_named
from mammolens.dicom.voi import voi_of
from mammolens.errors import PixelDataError
from mammolens.types import FloatImage

# A window that leaves less than this share of black to white was made for other values: the image's own range then.
_SMALLEST_SHARE_OF_GREYS = 0.1


def display_pixels(dataset: FileDataset, path: Path) -> FloatImage:
    """Decode and render a single-frame grey-scale image.

    The chain of PS3.3 C.11.1 (Modality LUT) and C.11.2 (VOI LUT, else the first window, else the
    image's own range), padding (C.7.5.1.1.2) as air, MONOCHROME1 inverted (C.7.6.3.1.2).

    Returns:
        ``(rows, cols)`` float32 in [0, 1]; brighter is denser.

    Raises:
        PixelDataError: missing, truncated, undecodable or constant pixels.
        UnsupportedMammogramError: too few pixels for a mammogram.
    """
    cells = decoded_cells(dataset, path)
    with damage_named(path), np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        stored = without_unused_bits(cells, dataset)
        values = _modality_values(stored, dataset)
        padding = _padding(cells, stored, dataset)
        ends = _ends(values, padding, path)
        to_greys = voi_of(dataset)
        if to_greys is not None and np.ptp(to_greys(ends)) >= _SMALLEST_SHARE_OF_GREYS:
            display = to_greys(values)
        else:
            display = np.clip((values - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        np.subtract(1.0, display, out=display)
    if padding is not None:
        display[padding] = 0.0
    return display


def _modality_values(stored: StoredValues, dataset: FileDataset) -> FloatImage:
    if dataset.get("ModalityLUTSequence"):
        return looked_up(stored, dataset.ModalityLUTSequence[0], little_endian=bool(dataset.is_little_endian))[0]
    values = stored.astype(np.float32)
    slope, intercept = number_of(dataset, "RescaleSlope"), number_of(dataset, "RescaleIntercept")
    if slope is not None and slope != 1.0:
        values *= np.float32(slope)
    if intercept:
        values += np.float32(intercept)
    return values


def _padding(cells: StoredValues, stored: StoredValues, dataset: FileDataset) -> NDArray[np.bool_] | None:
    """Where pixels hold Pixel Padding Value, or lie between it and Pixel Padding Range Limit.

    The value may be one that Bits Stored cannot hold, and may be written without the sign that it has.
    """
    first, last = number_of(dataset, "PixelPaddingValue"), number_of(dataset, "PixelPaddingRangeLimit")
    if first is None:
        return None
    ends = np.array([first, first if last is None else last], dtype=np.int64).astype(cells.dtype)
    low, high = ends.min(), ends.max()
    padded = (stored >= low) & (stored <= high)
    return np.asarray(padded if stored is cells else padded | ((cells >= low) & (cells <= high)))


def _ends(values: FloatImage, padding: NDArray[np.bool_] | None, path: Path) -> FloatImage:
    """Smallest and largest value of what is no padding, ``(2,)`` float32."""
    shown = values if padding is None or not padding.any() else values[~padding]
    low, high = (shown.min(), shown.max()) if shown.size else (values[0, 0], values[0, 0])
    if not np.isfinite([low, high]).all():
        raise PixelDataError(path, f"its values reach from {low:g} to {high:g}", "correct Rescale Slope and Intercept")
    if low == high:
        raise PixelDataError(path, f"all pixels have the same value ({low:g})", "export the image again")
    return np.array([low, high], dtype=np.float32)
