from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.enums import QualityFlag
from mammolens.errors import PixelDataError
from mammolens.types import Mammogram

SPACING = {"ImagerPixelSpacing": ["0.1", "0.1"], "WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12}


@pytest.fixture
def a_breast(a_phantom_exam) -> np.ndarray:
    return np.rint(a_phantom_exam.views[3].pixels * 4095).astype(np.uint16)


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("ImagerPixelSpacing", r"0,07\0,07"),
        ("ImagerPixelSpacing", "0.07mm"),
        ("NominalScannedPixelSpacing", "0,1"),
        ("PixelSpacing", "0.07 mm"),
        ("EstimatedRadiographicMagnificationFactor", "ANONYMIZED"),
        ("FieldOfViewDimensions", "REMOVED"),
        ("ImagePositionPatient", "NA"),
        ("ImageOrientationPatient", "NA"),
        ("SpacingBetweenSlices", "NA"),
        ("WindowCenter", "2048,0"),
        ("WindowCenter", "AUTO"),
        ("WindowWidth", "nan"),
        ("WindowWidth", "0"),
        ("VOILUTFunction", "SAMPLED_SIGMOID"),
    ],
)
def test_what_the_image_can_do_without_is_set_aside_and_named(write_dicom, write_words, a_breast, keyword, words):
    path = write_words(write_dicom(a_breast, **SPACING), keyword, words)
    header = read_header(path)
    assert header.unusable_attributes == (f"{keyword} {words!r}",)
    assert QualityFlag.UNUSABLE_ATTRIBUTE in header.flags
    assert (header.spacing is None) == (keyword == "ImagerPixelSpacing")
    assert isinstance(read_mammogram(path), Mammogram)


@pytest.mark.parametrize("keyword", ["Rows", "NumberOfFrames", "SamplesPerPixel"])
def test_what_is_needed_is_refused_by_its_attribute(write_dicom, write_words, a_breast, keyword):
    path = write_words(write_dicom(a_breast, **SPACING), keyword, "NAN")
    with pytest.raises(
        PixelDataError, match=rf"image\.dcm: {keyword} is 'NAN', which is not a number; correct {keyword}"
    ):
        read_header(path)


@pytest.mark.parametrize(
    ("spelled", "meant"), [("sigmoid", "SIGMOID"), (" Linear_Exact", "LINEAR_EXACT"), ("", "LINEAR")]
)
def test_a_voi_lut_function_is_read_in_any_case(write_dicom, write_words, a_breast, spelled, meant):
    window = {**SPACING, "WindowCenter": 1500, "WindowWidth": 600}
    as_meant = read_mammogram(write_dicom(a_breast, VOILUTFunction=meant, **window, name="meant.dcm"))
    read = read_mammogram(write_words(write_dicom(a_breast, **window), "VOILUTFunction", spelled))
    np.testing.assert_array_equal(read.pixels, as_meant.pixels)
    assert read.header.flags == as_meant.header.flags == ()


def test_an_unknown_voi_lut_function_is_read_as_linear(write_dicom, write_words, a_breast):
    window = {**SPACING, "WindowCenter": 1500, "WindowWidth": 600}
    linear = read_mammogram(write_dicom(a_breast, **window, name="linear.dcm"))
    read = read_mammogram(write_words(write_dicom(a_breast, **window), "VOILUTFunction", "SAMPLED_SIGMOID"))
    np.testing.assert_array_equal(read.pixels, linear.pixels)


def test_a_window_that_is_no_number_gives_way_to_the_range(write_dicom, write_words, a_breast):
    bare = read_mammogram(write_dicom(a_breast, BitsStored=12, name="bare.dcm"))
    read = read_mammogram(write_words(write_dicom(a_breast, **SPACING), "WindowCenter", "2048,0"))
    np.testing.assert_array_equal(read.pixels, bare.pixels)


@pytest.mark.parametrize(
    ("center", "width"), [("30000", "4096"), ("2048", "60000")], ids=["beside the values", "far too wide"]
)
def test_a_window_that_shows_hardly_any_grey_gives_way_to_the_range_and_is_named(write_dicom, a_breast, center, width):
    bare = read_mammogram(write_dicom(a_breast, BitsStored=12, name="bare.dcm"))
    read = read_mammogram(write_dicom(a_breast, BitsStored=12, WindowCenter=center, WindowWidth=width))
    np.testing.assert_array_equal(read.pixels, bare.pixels)
    assert read.header.unusable_attributes == (f"WindowCenter '{center}'", f"WindowWidth '{width}'")
    assert QualityFlag.UNUSABLE_ATTRIBUTE in read.header.flags


def test_a_voi_lut_that_shows_hardly_any_grey_gives_way_to_the_range_and_is_named(write_dicom, a_breast):
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 16], np.arange(4096).astype("<u2").tobytes()
    bare = read_mammogram(write_dicom(a_breast, BitsStored=12, name="bare.dcm"))
    read = read_mammogram(write_dicom(a_breast, VOILUTSequence=[item], **SPACING))
    np.testing.assert_array_equal(read.pixels, bare.pixels)
    assert read.header.unusable_attributes == ("VOILUTSequence item 1",)


@pytest.mark.parametrize("descriptor", [[4096, 0, 12], [100, 0, 0]], ids=["too short", "entries of no bits"])
def test_a_voi_lut_that_cannot_be_used_gives_way_to_the_window(write_dicom, a_breast, descriptor):
    item = Dataset()
    item.LUTDescriptor, item.LUTData = descriptor, np.arange(100).astype("<u2").tobytes()
    windowed = read_mammogram(write_dicom(a_breast, **SPACING, name="windowed.dcm"))
    read = read_mammogram(write_dicom(a_breast, VOILUTSequence=[item], **SPACING))
    np.testing.assert_array_equal(read.pixels, windowed.pixels)
    assert read.header.unusable_attributes == ("VOILUTSequence item 1",)


def test_entries_of_a_voi_lut_beyond_its_bits_are_shown_whole(write_dicom, a_breast):
    def through(bits: int) -> np.ndarray:
        item = Dataset()
        item.LUTDescriptor, item.LUTData = [4096, 0, bits], np.arange(4096).astype("<u2").tobytes()
        return read_mammogram(write_dicom(a_breast, VOILUTSequence=[item], name=f"{bits}.dcm")).pixels

    np.testing.assert_array_equal(through(10), through(12))


@pytest.mark.parametrize(
    "stated", [{"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 2000}, {"PixelPaddingValue": 1500}]
)
def test_padding_that_covers_tissue_is_set_aside(write_dicom, a_breast, stated):
    plain = read_mammogram(write_dicom(a_breast, **SPACING, name="plain.dcm"))
    values = a_breast
    if len(stated) == 1:  # every other value in a part of the breast is the one that is called padding
        values = a_breast.copy()
        rows, columns = np.nonzero((values > 1400) & (values < 1600))
        values[rows, columns] = np.where((rows + columns) % 2, values[rows, columns], 1500)
        plain = read_mammogram(write_dicom(values, **SPACING, name="plain.dcm"))
    read = read_mammogram(write_dicom(values, **SPACING, **stated))
    np.testing.assert_array_equal(read.pixels, plain.pixels)
    assert read.header.unusable_attributes == (f"PixelPaddingValue '{stated['PixelPaddingValue']}'",)


def test_padding_that_is_air_is_no_doubt(write_dicom, a_breast):
    read = read_mammogram(write_dicom(a_breast, **SPACING, PixelPaddingValue=0, PixelPaddingRangeLimit=40))
    assert read.header.unusable_attributes == ()
