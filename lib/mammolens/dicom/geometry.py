"""Two answers to 'how large is a pixel': for measuring, and for lying over the image in a viewer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from mammolens.dicom.header_values import number_of, numbers_of
from mammolens.dicom.sop_classes import MULTI_FRAME_CLASSES, SECONDARY_CAPTURE, sop_class_of
from mammolens.enums import SpacingSource
from mammolens.types import ImageGeometry, PixelSpacing

_SMALLEST_MM, _LARGEST_MM = 1e-3, 10.0  # of a pixel of a mammogram; digital ones have 0.05 to 0.1 mm
_LARGEST_MAGNIFICATION = 10.0  # views are magnified by up to 2
_SMALLEST_SHOWN_MM, _LARGEST_SHOWN_MM = 1e-6, 1e6  # beyond, ITK's matrices have no inverse
_TOLERANCE = 1e-3  # by which GDCM lets direction cosines be off a right angle


def pixel_spacing_of(dataset: Dataset) -> PixelSpacing | None:
    """Pixel size in mm at the breast, with its source (PS3.3 10.7.1.3), or ``None``.

    Imager Pixel Spacing holds at the detector's plane and is divided by the Estimated Radiographic
    Magnification Factor. A Pixel Spacing that only repeats it, uncalibrated, counts as no correction.
    """
    pixel = _plausible_pair(dataset, "PixelSpacing")
    imager = _plausible_pair(dataset, "ImagerPixelSpacing")
    calibrated = bool(dataset.get("PixelSpacingCalibrationType"))
    if pixel and (calibrated or imager is None or pixel != imager):
        return PixelSpacing(*pixel, SpacingSource.PIXEL_SPACING)
    if imager:
        magnification = number_of(dataset, "EstimatedRadiographicMagnificationFactor") or 1.0
        if 1.0 < magnification < _LARGEST_MAGNIFICATION:
            row, column = (value / magnification for value in imager)
            return PixelSpacing(row, column, SpacingSource.IMAGER_PIXEL_SPACING_MAGNIFIED)
        return PixelSpacing(*imager, SpacingSource.IMAGER_PIXEL_SPACING)
    scanned = _plausible_pair(dataset, "NominalScannedPixelSpacing")
    return PixelSpacing(*scanned, SpacingSource.NOMINAL_SCANNED_PIXEL_SPACING) if scanned else None


def viewer_geometry_of(dataset: Dataset) -> ImageGeometry:
    """The grid on which ITK, GDCM and 3D Slicer place the image.

    They take Imager Pixel Spacing for projection X-ray classes and Pixel Spacing, then Nominal
    Scanned Pixel Spacing, for Secondary Capture; 1 mm where the chosen attribute is missing or absurd; no
    magnification. Found by reading variants with SimpleITK; the tests compare again.
    """
    direction = _direction(numbers_of(dataset, "ImageOrientationPatient"))
    if sop_class_of(dataset) in MULTI_FRAME_CLASSES:  # whose place stands in functional groups, if anywhere
        return _geometry((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), direction)
    row, column = _viewer_spacing(dataset)
    slices = number_of(dataset, "SpacingBetweenSlices") or 1.0
    position = (*numbers_of(dataset, "ImagePositionPatient"), 0.0, 0.0, 0.0)
    return _geometry((column, row, slices), (position[0], position[1], position[2]), direction)


def _geometry(
    spacing: tuple[float, float, float], origin: tuple[float, float, float], direction: NDArray[np.float64]
) -> ImageGeometry:
    """Finite numbers only; a negative spacing, as ITK reads it, is a positive one along the opposite axis."""
    if not (np.isfinite(spacing).all() and np.isfinite(origin).all()):
        return ImageGeometry()
    axes = direction * np.sign(spacing)
    column, row, slices = (abs(value) for value in spacing)
    return ImageGeometry((column, row, slices), origin, tuple(float(value) for value in axes.ravel()))


def _viewer_spacing(dataset: Dataset) -> tuple[float, float]:
    """Between rows, between columns in mm; a single number counts for both."""
    captured = sop_class_of(dataset) in SECONDARY_CAPTURE
    keywords = ("PixelSpacing", "NominalScannedPixelSpacing") if captured else ("ImagerPixelSpacing",)
    for values in (numbers_of(dataset, keyword) for keyword in keywords):
        if values and all(_SMALLEST_SHOWN_MM <= abs(value) <= _LARGEST_SHOWN_MM for value in values[:2]):
            return values[0], values[min(1, len(values) - 1)]
    return 1.0, 1.0


def _direction(orientation: tuple[float, ...]) -> NDArray[np.float64]:
    """``(3, 3)`` direction cosines; columns are the row's, the column's and the slice's axes in LPS.

    The image's own axes where the header states none, or what is not a pair of axes at a right angle.
    """
    identity = np.eye(3)
    if len(orientation) != 6 or not np.isfinite(orientation).all():
        return identity
    pair = np.array(orientation).reshape(2, 3)
    lengths = np.linalg.norm(pair, axis=1, keepdims=True)
    if not lengths.all():
        return identity
    along_row, along_column = pair / lengths
    if abs(along_row @ along_column) >= _TOLERANCE:
        return identity
    along_slices = np.cross(along_row, along_column)
    along_slices /= np.linalg.norm(along_slices)
    return np.stack([np.cross(along_column, along_slices), along_column, along_slices], axis=1)


def _plausible_pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """(between rows, between columns) in mm where both are plausible for a mammogram."""
    values = numbers_of(dataset, keyword)
    is_plausible = len(values) == 2 and all(_SMALLEST_MM <= value < _LARGEST_MM for value in values)
    return (values[0], values[1]) if is_plausible else None
