from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import uid

from mammolens.dicom.geometry import pixel_spacing_of, viewer_geometry_of
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_header
from mammolens.enums import QualityFlag, SpacingSource

CLASSES = {
    "MG": uid.DigitalMammographyXRayImageStorageForPresentation,
    "DX": uid.DigitalXRayImageStorageForPresentation,
    "CR": uid.ComputedRadiographyImageStorage,
    "SC": uid.SecondaryCaptureImageStorage,
    "multi-frame SC": uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    "breast projection": uid.BreastProjectionXRayImageStorageForPresentation,
}
IMAGER, PIXEL, SCANNED = (
    {"ImagerPixelSpacing": ["0.07", "0.09"]},
    {"PixelSpacing": ["0.05", "0.06"]},
    {"NominalScannedPixelSpacing": ["0.03", "0.04"]},
)
POSITION = {"ImagePositionPatient": ["10.5", "-20.25", "30.125"]}
SPACINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "imager": IMAGER,
    "pixel": PIXEL,
    "scanned": SCANNED,
    "imager and pixel": {**IMAGER, **PIXEL},
    "all": {**IMAGER, **PIXEL, **SCANNED},
    "pixel and scanned": {**PIXEL, **SCANNED},
    "many digits": {"ImagerPixelSpacing": ["0.09409090909091", "7.0E-02"]},
    "huge": {"ImagerPixelSpacing": ["11", "12"], "PixelSpacing": ["20", "21"]},
    "zero": {"ImagerPixelSpacing": ["0", "0"], "PixelSpacing": ["0", "0"]},
    "negative": {"ImagerPixelSpacing": ["-0.1", "0.1"]},
    "one number": {"ImagerPixelSpacing": "0.1"},
    "empty": {"ImagerPixelSpacing": None},
    "magnified": {**IMAGER, "EstimatedRadiographicMagnificationFactor": "1.1"},
}
PLACES: dict[str, dict[str, Any]] = {
    "position": POSITION,
    "short position": {"ImagePositionPatient": ["1", "2"]},
    "standing": {"ImageOrientationPatient": ["0", "1", "0", "0", "0", "-1"]},
    "standing somewhere": {**POSITION, "ImageOrientationPatient": ["0", "1", "0", "0", "0", "-1"]},
    "oblique": {**POSITION, "ImageOrientationPatient": ["0.8", "0.6", "0", "0", "0", "-1"]},
    "rounded": {"ImageOrientationPatient": ["0.7071", "0.7071", "0", "0", "0", "-1"]},
    "nearly straight": {"ImageOrientationPatient": ["0.9998", "0.02", "0", "-0.02", "0.9998", "0.001"]},
    "not unit": {**POSITION, "ImageOrientationPatient": ["0", "2", "0", "0", "0", "-3"]},
    "just a right angle": {"ImageOrientationPatient": ["1", "0", "0", "0.0009", "1", "0"]},
    "no right angle": {"ImageOrientationPatient": ["1", "0", "0", "0.0011", "1", "0"]},
    "parallel": {"ImageOrientationPatient": ["1", "0", "0", "1", "0", "0"]},
    "zeros": {"ImageOrientationPatient": ["0"] * 6},
    "five numbers": {"ImageOrientationPatient": ["1", "0", "0", "0", "1"]},
    "thickness": {"SliceThickness": "3"},
    "between slices": {"SpacingBetweenSlices": "2.5"},
    "both": {"SliceThickness": "3", "SpacingBetweenSlices": "2.5"},
    "against the slices": {"SpacingBetweenSlices": "-2"},
}
HEADERS = {**SPACINGS, **{name: {**IMAGER, **place} for name, place in PLACES.items()}}


@pytest.mark.parametrize(("sop_class", "header"), [*product(CLASSES, HEADERS)])
def test_the_viewers_geometry_is_simpleitk_s(write_dicom, values_of, sop_class, header):
    path = write_dicom(values_of(), SOPClassUID=CLASSES[sop_class], **HEADERS[header])
    image, geometry = sitk.ReadImage(str(path)), read_header(path).geometry
    np.testing.assert_allclose(geometry.spacing, image.GetSpacing(), atol=1e-6)
    np.testing.assert_allclose(geometry.origin, image.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(geometry.direction, image.GetDirection(), atol=1e-6)


@pytest.mark.parametrize("sop_class", ["MG", "DX"])
def test_the_class_may_stand_in_the_meta_information_only(write_dicom, values_of, sop_class):
    path = write_dicom(values_of(), SOPClassUID=CLASSES[sop_class], Modality=None, **IMAGER, **PIXEL)
    dataset = open_dicom(path, with_pixels=True)
    del dataset.SOPClassUID
    dataset.save_as(path)
    assert viewer_geometry_of(open_dicom(path, with_pixels=False)).spacing == (0.09, 0.07, 1.0)
    np.testing.assert_allclose(sitk.ReadImage(str(path)).GetSpacing(), (0.09, 0.07, 1.0))


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "ImagerPixelSpacing"])
def test_what_is_no_number_places_nothing(dataset_of, values_of, keyword):
    count = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "ImagerPixelSpacing": 2}[keyword]
    geometry = viewer_geometry_of(dataset_of(values_of(), **{keyword: ["nan"] * count}))
    assert np.isfinite([*geometry.spacing, *geometry.origin, *geometry.direction]).all()


@pytest.mark.parametrize(
    ("header", "size", "source"),
    [
        (PIXEL, (0.05, 0.06), SpacingSource.PIXEL_SPACING),
        (IMAGER, (0.07, 0.09), SpacingSource.IMAGER_PIXEL_SPACING),
        (SCANNED, (0.03, 0.04), SpacingSource.NOMINAL_SCANNED_PIXEL_SPACING),
        ({**IMAGER, **SCANNED}, (0.07, 0.09), SpacingSource.IMAGER_PIXEL_SPACING),
        ({**IMAGER, **PIXEL}, (0.05, 0.06), SpacingSource.PIXEL_SPACING),
        ({**IMAGER, "PixelSpacing": ["0.070", "0.09"]}, (0.07, 0.09), SpacingSource.IMAGER_PIXEL_SPACING),
        (
            {**IMAGER, "PixelSpacing": ["0.07", "0.09"], "EstimatedRadiographicMagnificationFactor": "1.25"},
            (0.056, 0.072),
            SpacingSource.IMAGER_PIXEL_SPACING_MAGNIFIED,
        ),
        (
            {**IMAGER, "PixelSpacing": ["0.07", "0.09"], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.07, 0.09),
            SpacingSource.PIXEL_SPACING,
        ),
        (
            {**IMAGER, "EstimatedRadiographicMagnificationFactor": "1.0"},
            (0.07, 0.09),
            SpacingSource.IMAGER_PIXEL_SPACING,
        ),
        ({**IMAGER, "PixelSpacing": ["0", "0"]}, (0.07, 0.09), SpacingSource.IMAGER_PIXEL_SPACING),
    ],
    ids=["pixel", "imager", "scanned", "imager, scanned", "both", "repeated", "magnified", "calibrated", "1.0", "zero"],
)
def test_a_pixel_s_size_is_the_one_at_the_breast(dataset_of, values_of, header, size, source):
    spacing = pixel_spacing_of(dataset_of(values_of(), **header))
    assert spacing is not None
    assert (spacing.between_rows, spacing.between_columns) == pytest.approx(size, rel=1e-12)
    assert spacing.source is source


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"ImagerPixelSpacing": ["0", "0.1"]},
        {"PixelSpacing": ["12", "12"]},
        {"ImagerPixelSpacing": ["1e-300", "1e-300"]},
        {"PixelSpacing": ["0.07", "1e-300"]},
    ],
    ids=str,
)
def test_no_plausible_size_is_none_and_flagged(write_dicom, values_of, header):
    read = read_header(write_dicom(values_of(), **header))
    assert read.spacing is None
    assert QualityFlag.NO_PIXEL_SPACING in read.flags


@pytest.mark.parametrize("size", ["1e-300", "-1e-300", "1e300"])
def test_an_absurd_size_places_nothing(dataset_of, values_of, size):
    assert viewer_geometry_of(dataset_of(values_of(), ImagerPixelSpacing=[size, size])).spacing == (1.0, 1.0, 1.0)


def test_an_absurd_magnification_does_not_count(dataset_of, values_of):
    spacing = pixel_spacing_of(dataset_of(values_of(), **IMAGER, EstimatedRadiographicMagnificationFactor="1e300"))
    assert spacing is not None
    assert spacing.source is SpacingSource.IMAGER_PIXEL_SPACING


def test_magnification_is_for_measuring_and_not_for_viewers(write_dicom, values_of):
    header = read_header(write_dicom(values_of(), **SPACINGS["magnified"]))
    assert header.spacing is not None
    assert header.spacing.between_rows == pytest.approx(0.07 / 1.1)
    assert header.geometry.spacing == (0.09, 0.07, 1.0)


def test_a_phantom_lies_where_simpleitk_says(a_phantom_exam, tmp_path: Path):
    from mammolens.datasets.phantom_dicom import write_phantom_exam

    for file in write_phantom_exam(a_phantom_exam, tmp_path, spacing=(0.2, 0.1)):
        image, geometry = sitk.ReadImage(str(file)), read_header(file).geometry
        assert (geometry.spacing, geometry.origin) == (image.GetSpacing(), image.GetOrigin())
        assert geometry.direction == image.GetDirection()
