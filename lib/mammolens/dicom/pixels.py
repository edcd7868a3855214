"""Stored values to what a mammogram looks like: Modality LUT, VOI, polarity, padding."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydicom.dataset import FileDataset

from mammolens.dicom.header_values import WRONG_FORM, needed_number, number_of, stated_value
from mammolens.dicom.lookup import LookupTable
from mammolens.dicom.opening import damage_named
from mammolens.dicom.padding import is_scattered_over_tissue, padding_mask, range_covers_tissue
from mammolens.dicom.stored_values import StoredPixels, StoredValues, stored_pixels
from mammolens.dicom.voi import voi_attributes, voi_of
from mammolens.errors import PixelDataError
from mammolens.types import BoolImage, FloatImage

# A window or VOI LUT that leaves less of black to white was made for other values: the image's own range then.
_SMALLEST_SHARE_OF_GREYS = 0.1


class Displayed(NamedTuple):
    """An image as it is shown.

    Attributes:
        pixels: ``(rows, cols)`` float32 in [0, 1]; brighter is denser.
        unusable: attributes that the pixels contradict, as ``"BitsStored '10'"``.
    """

    pixels: FloatImage
    unusable: tuple[str, ...] = ()

    def without(self, *unusable: str) -> Displayed:
        """The same image with more attributes that were set aside."""
        return self._replace(unusable=(*unusable, *self.unusable))


def display_pixels(dataset: FileDataset, path: Path) -> Displayed:
    """Decode and render a single-frame grey-scale image.

    The chain of PS3.3 C.11.1 (Modality LUT) and C.11.2 (VOI LUT, else the first window, else the
    image's own range), padding (C.7.5.1.1.2) as air, MONOCHROME1 inverted (C.7.6.3.1.2).
    Padding that covers tissue is set aside.

    Raises:
        PixelDataError: missing, truncated, undecodable or constant pixels, or a header that does not describe them.
        UnsupportedMammogramError: too few pixels for a mammogram.
    """
    stored = stored_pixels(dataset, path)
    with damage_named(path), np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        values = _modality_values(stored.values, dataset, path)
        padding = _padding(stored, dataset)
        if padding is not None:
            if not range_covers_tissue(stored.values, padding):
                shown = _rendered(values, padding, dataset, path)
                if not is_scattered_over_tissue(padding, shown.pixels):
                    shown.pixels[padding] = 0.0
                    return shown.without(*stored.unusable)
            unusable = (*stored.unusable, stated_value(dataset, "PixelPaddingValue"))
            return _rendered(values, None, dataset, path).without(*unusable)
        return _rendered(values, None, dataset, path).without(*stored.unusable)


def _rendered(values: FloatImage, padding: BoolImage | None, dataset: FileDataset, path: Path) -> Displayed:
    """Greys in [0, 1]; those of padding mean nothing, and its values do not count."""
    ends = _ends(values, padding, path)
    to_greys = voi_of(dataset)
    fits = to_greys is not None and np.ptp(to_greys(ends)) >= _SMALLEST_SHARE_OF_GREYS
    if to_greys is not None and fits:
        display = to_greys(values)
    else:
        display = values - ends[0]
        display /= ends[1] - ends[0]
        np.clip(display, 0.0, 1.0, out=display)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        np.subtract(1.0, display, out=display)
    return Displayed(display, () if to_greys is None or fits else voi_attributes(dataset))


def _modality_values(stored: StoredValues, dataset: FileDataset, path: Path) -> FloatImage:
    if dataset.get("ModalityLUTSequence"):
        try:
            signed = number_of(dataset, "PixelRepresentation") == 1
            little_endian = bool(dataset.is_little_endian)
            table = LookupTable.of(dataset.ModalityLUTSequence[0], little_endian=little_endian, signed=signed)
        except (AttributeError, IndexError, *WRONG_FORM) as error:
            reason = f"ModalityLUTSequence cannot be used ({error})"
            raise PixelDataError(path, reason, "correct it, or export the image again") from error
        return table.apply(stored)
    values = stored.astype(np.float32)
    slope = needed_number(dataset, "RescaleSlope", path, default=1.0)
    intercept = needed_number(dataset, "RescaleIntercept", path, default=0.0)
    if slope != 1.0:
        values *= np.float32(slope)
    if intercept:
        values += np.float32(intercept)
    return values


def _padding(stored: StoredPixels, dataset: FileDataset) -> BoolImage | None:
    """Padding may be a value that Bits Stored cannot hold."""
    padding = padding_mask(stored.values, dataset)
    if padding is None or stored.values is stored.cells:
        return padding
    beyond = padding_mask(stored.cells, dataset)
    return padding if beyond is None else padding | beyond


def _ends(values: FloatImage, padding: BoolImage | None, path: Path) -> FloatImage:
    """Smallest and largest value of what is no padding, ``(2,)`` float32."""
    shown = values if padding is None or not padding.any() else values[~padding]
    low, high = (shown.min(), shown.max()) if shown.size else (values[0, 0], values[0, 0])
    if not np.isfinite([low, high]).all():
        raise PixelDataError(path, f"its values reach from {low:g} to {high:g}", "correct Rescale Slope and Intercept")
    if low == high:
        raise PixelDataError(path, f"all pixels have the same value ({low:g})", "export the image again")
    return np.array([low, high], dtype=np.float32)
