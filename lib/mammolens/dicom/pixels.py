"""Stored values to what a mammogram looks like: Modality LUT, VOI, polarity, padding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

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
_SMALLEST_SHARE_OF_GREYS: Final = 0.1
_BAND: Final = 1 << 16  # pixels that are rendered at a time: their intermediate values stay in the processor's cache


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


def display_pixels(dataset: FileDataset, path: Path, *, all_details: bool = True) -> Displayed:
    """Decode and render a single-frame grey-scale image.

    The chain of PS3.3 C.11.1 (Modality LUT) and C.11.2 (VOI LUT, else the first window, else the
    image's own range), padding (C.7.5.1.1.2) as air, MONOCHROME1 inverted (C.7.6.3.1.2).
    Padding that covers tissue is set aside.

    Raises:
        PixelDataError: missing, truncated, undecodable or constant pixels, or a header that does not describe them.
        UnsupportedMammogramError: too few pixels for a mammogram.
    """
    stored = stored_pixels(dataset, path, all_details=all_details)
    with damage_named(path), np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        modality = _ModalityLut.of(dataset, path)
        padding = _padding(stored, dataset)
        if padding is not None:
            if not range_covers_tissue(stored.values, padding):
                shown = _rendered(stored.values, modality, padding, dataset, path)
                if not is_scattered_over_tissue(padding, shown.pixels):
                    shown.pixels[padding] = 0.0
                    return shown.without(*stored.unusable)
            unusable = (*stored.unusable, stated_value(dataset, "PixelPaddingValue"))
            return _rendered(stored.values, modality, None, dataset, path).without(*unusable)
        return _rendered(stored.values, modality, None, dataset, path).without(*stored.unusable)


@dataclass(frozen=True, slots=True)
class _ModalityLut:
    """Stored values to what the VOI LUT takes: a table, or slope and intercept."""

    table: LookupTable | None
    slope: np.float32
    intercept: np.float32

    @classmethod
    def of(cls, dataset: FileDataset, path: Path) -> _ModalityLut:
        if dataset.get("ModalityLUTSequence"):
            try:
                signed = number_of(dataset, "PixelRepresentation") == 1
                little_endian = bool(dataset.is_little_endian)
                table = LookupTable.of(dataset.ModalityLUTSequence[0], little_endian=little_endian, signed=signed)
            except (AttributeError, IndexError, *WRONG_FORM) as error:
                reason = f"ModalityLUTSequence cannot be used ({error})"
                raise PixelDataError(path, reason, "correct it, or export the image again") from error
            return cls(table, np.float32(1), np.float32(0))
        slope = needed_number(dataset, "RescaleSlope", path, default=1.0)
        intercept = needed_number(dataset, "RescaleIntercept", path, default=0.0)
        return cls(None, np.float32(slope), np.float32(intercept))

    def apply(self, stored: StoredValues) -> FloatImage:
        """``(rows, cols)`` float32."""
        if self.table is not None:
            return self.table.apply(stored)
        values = stored.astype(np.float32)
        if self.slope != 1:
            values *= self.slope
        if self.intercept:
            values += self.intercept
        return values

    def ends(self, stored: StoredValues) -> FloatImage:
        """Smallest and largest of the values, ``(2,)`` float32."""
        # Slope and intercept keep the order or reverse it, in float32 as well.
        values = self.apply(stored if self.table else np.array([stored.min(), stored.max()]))
        return np.array([values.min(), values.max()], dtype=np.float32)


def _rendered(
    stored: StoredValues, modality: _ModalityLut, padding: BoolImage | None, dataset: FileDataset, path: Path
) -> Displayed:
    """Greys in [0, 1]; those of padding mean nothing, and its values do not count."""
    ends = _ends(stored, modality, padding, path)
    to_greys = voi_of(dataset)
    fits = to_greys is not None and np.ptp(to_greys(ends)) >= _SMALLEST_SHARE_OF_GREYS
    is_inverted = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    display = np.empty(stored.shape, np.float32)
    rows = max(1, _BAND // stored.shape[1])
    for start in range(0, len(stored), rows):
        values, shown = modality.apply(stored[start : start + rows]), display[start : start + rows]
        if to_greys is not None and fits:
            shown[:] = to_greys(values)
        else:
            np.subtract(values, ends[0], out=shown)
            shown /= ends[1] - ends[0]
            if padding is not None:  # whose values may lie beyond
                np.clip(shown, 0.0, 1.0, out=shown)
        if is_inverted:
            np.subtract(1.0, shown, out=shown)
    return Displayed(display, () if to_greys is None or fits else voi_attributes(dataset))


def _padding(stored: StoredPixels, dataset: FileDataset) -> BoolImage | None:
    """Padding may be a value that Bits Stored cannot hold."""
    padding = padding_mask(stored.values, dataset)
    if padding is None or stored.values is stored.cells:
        return padding
    beyond = padding_mask(stored.cells, dataset)
    return padding if beyond is None else padding | beyond


def _ends(stored: StoredValues, modality: _ModalityLut, padding: BoolImage | None, path: Path) -> FloatImage:
    """Smallest and largest value of what is not padding, ``(2,)`` float32."""
    shown = stored if padding is None or not padding.any() else stored[~padding]
    ends = modality.ends(shown if shown.size else stored[:1, :1])
    low, high = ends
    if not np.isfinite(ends).all():
        raise PixelDataError(path, f"its values reach from {low:g} to {high:g}", "correct Rescale Slope and Intercept")
    if low == high:
        raise PixelDataError(path, f"all pixels have the same value ({low:g})", "export the image again")
    return ends
