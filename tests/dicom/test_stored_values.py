from __future__ import annotations

import itertools

import numpy as np
import openjpeg.utils
import pytest
from pydicom import uid

from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_mammogram
from mammolens.dicom.stored_values import StoredPixels, stored_pixels
from mammolens.enums import QualityFlag
from mammolens.errors import PixelDataError

LOSSLESS = (
    uid.ExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEG2000Lossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
)


def by_keyword(value: object) -> str:
    return getattr(value, "keyword", str(value))


def stored(path) -> StoredPixels:
    return stored_pixels(open_dicom(path, with_pixels=True), path)


@pytest.fixture(scope="module")
def a_breast(a_phantom_exam) -> np.ndarray:
    """``(256, 208)`` uint16 of 12 bits, smooth as breasts are."""
    return np.rint(a_phantom_exam.views[3].pixels * 4095).astype(np.uint16)


@pytest.mark.parametrize(("syntax", "bits"), [*itertools.product(LOSSLESS, (12, 16))], ids=by_keyword)
def test_signed_values_are_shown_as_their_unsigned_twins(write_dicom, encode, a_breast, syntax, bits):
    """With Rescale Intercept for the offset; in streams of 12 bits nothing but the header tells the sign."""
    window = {"WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12}
    plain = read_mammogram(write_dicom(a_breast, **window, name="plain.dcm"))
    values = a_breast.astype(np.int16) - 2048
    compressed = syntax != uid.ExplicitVRLittleEndian
    frame = encode(values, syntax, bits) if compressed else None
    path = write_dicom(values, syntax=syntax, frame=frame, RescaleIntercept=2048, **window)
    np.testing.assert_array_equal(stored(path).values, values)
    np.testing.assert_allclose(read_mammogram(path).pixels, plain.pixels, atol=1e-6)
    assert read_mammogram(path).header.flags == plain.header.flags


@pytest.mark.parametrize("syntax", LOSSLESS, ids=by_keyword)
@pytest.mark.parametrize("bits", [8, 10, 11])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_values_beyond_bits_stored_are_kept_whole_and_told(write_dicom, encode, a_breast, syntax, bits, signed):
    values = a_breast.astype(np.int16) - 2048 if signed else a_breast
    frame = None if syntax == uid.ExplicitVRLittleEndian else encode(values, syntax, 12)
    path = write_dicom(values, syntax=syntax, frame=frame, BitsStored=bits)
    pixels = stored(path)
    np.testing.assert_array_equal(pixels.values, values)
    assert pixels.unusable == (f"BitsStored '{bits}'",)
    header = read_mammogram(path).header
    assert QualityFlag.UNUSABLE_ATTRIBUTE in header.flags
    assert header.unusable_attributes == (f"BitsStored '{bits}'",)


@pytest.mark.parametrize("syntax", LOSSLESS, ids=by_keyword)
def test_a_sign_that_tears_the_picture_is_set_aside(write_dicom, encode, a_breast, syntax):
    frame = None if syntax == uid.ExplicitVRLittleEndian else encode(a_breast, syntax, 12)
    pixels = stored(write_dicom(a_breast, syntax=syntax, frame=frame, BitsStored=12, PixelRepresentation=1))
    np.testing.assert_array_equal(pixels.values, a_breast)
    assert pixels.unusable == ("PixelRepresentation '1'",)


def test_a_stream_of_jpeg_2000_that_is_signed_under_an_unsigned_header(write_dicom, a_breast):
    values = a_breast.astype(np.int16) - 2048
    frame = bytes(openjpeg.utils.encode_array(values, bits_stored=12, photometric_interpretation=2))
    path = write_dicom(a_breast, syntax=uid.JPEG2000Lossless, frame=frame, BitsStored=12)
    np.testing.assert_array_equal(stored(path).values, values)
    assert stored(path).unusable == ("PixelRepresentation '0'",)


def test_a_stream_of_jpeg_2000_that_is_unsigned_under_a_signed_header(write_dicom, a_breast):
    values = a_breast.astype(np.int16) - 2048
    cells = values.astype(np.uint16) & 0x0FFF
    frame = bytes(openjpeg.utils.encode_array(cells, bits_stored=12, photometric_interpretation=2))
    path = write_dicom(values, syntax=uid.JPEG2000Lossless, frame=frame, BitsStored=12)
    np.testing.assert_array_equal(stored(path).values, values)
    assert stored(path).unusable == ()


@pytest.mark.parametrize("stated", [13, 15])
def test_a_high_bit_above_values_that_stand_in_the_lowest_bits_is_set_aside(write_dicom, a_breast, stated):
    pixels = stored(write_dicom(a_breast, BitsStored=12, HighBit=stated))
    np.testing.assert_array_equal(pixels.values, a_breast)
    assert pixels.unusable == (f"HighBit '{stated}'",)


def test_a_high_bit_below_the_stored_bits_is_set_aside(write_dicom, a_breast):
    pixels = stored(write_dicom(a_breast, BitsStored=12, HighBit=9))
    np.testing.assert_array_equal(pixels.values, a_breast)
    assert pixels.unusable == ("HighBit '9'",)


def test_no_bits_below_the_stored_ones_are_dropped_in_silence(write_dicom, a_breast):
    pixels = stored(write_dicom(a_breast, BitsStored=4, HighBit=11))
    np.testing.assert_array_equal(pixels.values, a_breast)
    assert pixels.unusable == ("BitsStored '4'", "HighBit '11'")


def test_bits_that_neither_value_nor_overlay_explains_are_refused(write_dicom, a_breast):
    marked = a_breast.copy()
    marked[100:120, 50:60] |= 1 << 14
    path = write_dicom(marked, BitsStored=12)
    with pytest.raises(
        PixelDataError, match=r"image\.dcm: bits above High Bit 11 are in use.*; correct BitsStored and"
    ):
        stored(path)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"BitsStored": 17}, "BitsStored is 17, and BitsAllocated 16; correct BitsStored"),
        ({"PixelRepresentation": 2}, "PixelRepresentation is 2, neither 0 nor 1; correct"),
        ({"PixelRepresentation": None}, "PixelRepresentation is missing; export"),
        ({"BitsAllocated": 12}, "Bits Allocated is 12, not 8 or 16; export"),
        ({"BitsAllocated": None}, "BitsAllocated is missing; export"),
    ],
    ids=["too many bits", "no sign", "sign missing", "packed", "cells missing"],
)
def test_a_header_that_cannot_be_is_refused_by_its_attribute(write_dicom, a_breast, header, reason):
    path = write_dicom(a_breast, **header)
    with pytest.raises(PixelDataError, match=rf"image\.dcm: {reason}"):
        stored(path)
