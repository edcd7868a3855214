"""What a header states in a form that cannot be used, and what the image can do without."""

from __future__ import annotations

from pydicom.dataset import Dataset

from mammolens.dicom.header_values import unusable_numbers
from mammolens.dicom.views import unusable_view
from mammolens.dicom.voi import unusable_voi

_CAN_DO_WITHOUT = (
    "EstimatedRadiographicMagnificationFactor",
    "FieldOfViewDimensions",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelPaddingRangeLimit",
    "PixelPaddingValue",
    "PixelSpacing",
    "SpacingBetweenSlices",
    "WindowCenter",
    "WindowWidth",
)


def unusable_attributes(dataset: Dataset) -> tuple[str, ...]:
    """Attributes with their values, such as ``"ImagerPixelSpacing '0,07'"``, that are read as if they were missing."""
    return (*unusable_numbers(dataset, _CAN_DO_WITHOUT), *unusable_voi(dataset), *unusable_view(dataset))
