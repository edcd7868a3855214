"""Two answers to 'how large is a pixel': for measuring, and for lying over the image in a viewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset

from mammolens.dicom.acceptance import SECONDARY_CAPTURE, sop_class_of
from mammolens.enums import SpacingSource
from mammolens.types import ImageGeometry, PixelSpacing


def pixel_spacing_of(dataset: Dataset) -> PixelSpacing | None:
    """Pixel size in mm at the breast, with its source (PS3.3 10.7.1.3), or ``None``.

    Imager Pixel Spacing holds at the detector's plane and is divided by the Estimated Radiographic
    Magnification Factor. A Pixel Spacing that only repeats it, uncalibrated, counts as no correction.
    """
    pixel = _pair(dataset, "PixelSpacing")
    imager = _pair(dataset, "ImagerPixelSpacing")
    calibrated = bool(dataset.get("PixelSpacingCalibrationType"))
    if pixel and (calibrated or imager is None or pixel != imager):
        return PixelSpacing(*pixel, SpacingSource.PIXEL_SPACING)
    if imager:
        magnification = float(dataset.get("EstimatedRadiographicMagnificationFactor") or 1.0)
        if magnification > 1.0:
            row, column = (value / magnification for value in imager)
            return PixelSpacing(row, column, SpacingSource.IMAGER_PIXEL_SPACING_MAGNIFIED)
        return PixelSpacing(*imager, SpacingSource.IMAGER_PIXEL_SPACING)
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    return PixelSpacing(*scanned, SpacingSource.NOMINAL_SCANNED_PIXEL_SPACING) if scanned else None


def viewer_geometry_of(dataset: Dataset) -> ImageGeometry:
    """The grid on which ITK, GDCM and 3D Slicer place the image.

    They take Imager Pixel Spacing for projection X-ray classes and Pixel Spacing, then Nominal
    Scanned Pixel Spacing, for Secondary Capture; 1 mm where the chosen attribute is missing; no
    magnification. Found by reading variants with SimpleITK; the tests compare again.
    """
    if sop_class_of(dataset) in SECONDARY_CAPTURE:
        spacing = _pair(dataset, "PixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    else:
        spacing = _pair(dataset, "ImagerPixelSpacing")
    row, column = spacing or (1.0, 1.0)
    slices = _floats(dataset, "SpacingBetweenSlices", 1)
    return ImageGeometry(
        spacing=(column, row, slices[0] if slices and slices[0] > 0 else 1.0),
        origin=_triple(_floats(dataset, "ImagePositionPatient", 3) or (0.0, 0.0, 0.0)),
        direction=_direction(_floats(dataset, "ImageOrientationPatient", 6)),
    )


def _direction(orientation: Sequence[float] | None) -> tuple[float, ...]:
    """Row-major direction cosines; columns are the row's, the column's and the slice's axes in LPS."""
    if orientation is None:
        return ImageGeometry().direction
    along_row, along_column = np.array(orientation[:3]), np.array(orientation[3:])
    axes = np.stack([along_row, along_column, np.cross(along_row, along_column)], axis=1)
    return tuple(float(value) for value in axes.ravel())


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """(between rows, between columns) in mm where both are plausible for a mammogram."""
    values = _floats(dataset, keyword, 2)
    return (values[0], values[1]) if values and all(0 < value < 10 for value in values) else None


def _floats(dataset: Dataset, keyword: str, count: int) -> list[float] | None:
    stated = dataset.get(keyword)
    if stated is None or stated == "":
        return None
    values = [stated] if count == 1 else list(stated)
    return [float(value) for value in values] if len(values) == count else None


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    return values[0], values[1], values[2]
