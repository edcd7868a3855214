from __future__ import annotations

import io

import numpy as np
import openjpeg.utils
import pydicom
import pytest
from PIL import Image
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_pixel_data_frame

from mammolens.dicom.codecs import decode_stream
from mammolens.dicom.completeness import IncompleteStreamError, refuse_incomplete_jpeg_2000
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.stored_values import stored_pixels
from mammolens.dicom.streams import stated_format
from mammolens.errors import PixelDataError

from .lossless_jpeg import encode_lossless_jpeg

ENCODED = (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless)


@pytest.fixture(scope="module")
def a_breast(a_phantom_exam) -> np.ndarray:
    return np.rint(a_phantom_exam.views[3].pixels * 4095).astype(np.uint16)


def stored(path) -> np.ndarray:
    return stored_pixels(open_dicom(path, with_pixels=True), path).values


def decoded(stream: bytes) -> np.ndarray:
    stated = stated_format(stream)
    assert stated is not None
    return decode_stream(stream, stated).patterns


@pytest.mark.parametrize("padding", [b"\0", b"\xff", b"\xff" * 5, b"\0" * 5], ids=["00", "FF", "five FF", "five 00"])
@pytest.mark.parametrize("syntax", ENCODED, ids=lambda syntax: syntax.keyword)
def test_padding_behind_the_end_is_harmless(write_dicom, encode, a_breast, syntax, padding):
    """An odd stream is made even by 00 (PS3.5 A.4), by some writers with FF."""
    path = write_dicom(a_breast, syntax=syntax, frame=encode(a_breast, syntax, 12) + padding, BitsStored=12)
    np.testing.assert_array_equal(stored(path), a_breast)


@pytest.mark.parametrize("fill", [b"", b"\xff", b"\xff\xff"], ids=["nothing", "FF", "FF FF"])
def test_lossless_jpeg_without_its_end_marker_but_with_every_value_is_read(values_of, fill):
    stream = encode_lossless_jpeg(values_of(12), 12)
    np.testing.assert_array_equal(decoded(stream[:-2] + fill), values_of(12))


@pytest.mark.parametrize("lost", [7, 500, 3000])
@pytest.mark.parametrize("syntax", ENCODED, ids=lambda syntax: syntax.keyword)
def test_a_stream_that_lost_its_middle_and_kept_its_end_is_refused(write_dicom, encode, a_breast, syntax, lost):
    frame = encode(a_breast, syntax, 12)
    middle = len(frame) // 2
    path = write_dicom(a_breast, syntax=syntax, frame=frame[:middle] + frame[middle + lost :], BitsStored=12)
    with pytest.raises(PixelDataError, match=r"image\.dcm: .*; copy or export the image again"):
        stored(path)


@pytest.mark.parametrize("filler", [b"\0", b"\xff"], ids=["00", "FF"])
@pytest.mark.parametrize("syntax", ENCODED, ids=lambda syntax: syntax.keyword)
def test_a_stretch_that_a_transfer_left_empty_is_refused(write_dicom, encode, a_breast, syntax, filler):
    frame = encode(a_breast, syntax, 12)
    middle = len(frame) // 2
    path = write_dicom(
        a_breast, syntax=syntax, frame=frame[:middle] + 512 * filler + frame[middle + 512 :], BitsStored=12
    )
    with pytest.raises(PixelDataError, match=r"image\.dcm: .*; copy or export the image again"):
        stored(path)


@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_jpeg_is_whole_by_each_predictor(values_of, predictor):
    values = values_of(12)
    stream = encode_lossless_jpeg(values, 12, predictor=predictor)
    np.testing.assert_array_equal(decoded(stream), values)
    with pytest.raises(IncompleteStreamError, match="end too early|were lost or changed"):
        decoded(stream[:-60] + stream[-2:])


@pytest.mark.parametrize("precision", [8, 10, 12, 14, 16])
def test_lossless_jpeg_is_whole_in_each_precision(values_of, precision):
    np.testing.assert_array_equal(decoded(encode_lossless_jpeg(values_of(precision), precision)), values_of(precision))


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_restart_intervals_are_counted_one_by_one(values_of, rows):
    values = values_of(12)
    stream = encode_lossless_jpeg(values, 12, restart_rows=rows)
    np.testing.assert_array_equal(decoded(stream), values)
    marker = stream.index(b"\xff\xd0", 60)
    with pytest.raises(IncompleteStreamError):
        decoded(stream[: marker - 40] + stream[marker:])
    with pytest.raises(IncompleteStreamError, match="restart interval"):
        decoded(stream[:marker] + stream[marker + 2 :])


@pytest.mark.parametrize("shift", [1, 2])
def test_a_point_transform_leaves_out_the_lowest_bits(values_of, shift):
    values = values_of(12)
    np.testing.assert_array_equal(decoded(encode_lossless_jpeg(values, 12, shift=shift)), values >> shift << shift)


def test_a_point_transform_which_libjpeg_takes_for_something_else_is_refused_by_it(values_of, without_imagecodecs):
    with pytest.raises(IncompleteStreamError):
        decoded(encode_lossless_jpeg(values_of(12), 12, shift=2))


def test_lossy_jpeg_that_lost_or_won_bytes_is_refused(a_breast):
    file = io.BytesIO()
    Image.fromarray((a_breast >> 4).astype(np.uint8)).save(file, format="JPEG", quality=90)
    stream, middle = file.getvalue(), len(file.getvalue()) // 2
    assert decoded(stream + b"\xff").shape == a_breast.shape
    for damaged in (
        stream[:middle] + stream[-2:],
        stream[:middle] + stream[middle + 300 :],
        stream[:-300] + stream[-600:],
    ):
        with pytest.raises((IncompleteStreamError, RuntimeError)):
            decoded(damaged)


def test_lossy_jpeg_of_12_bits_that_ends_too_early_is_refused():
    dataset = pydicom.dcmread(get_testdata_file("JPGExtended.dcm"))
    stream = next(generate_pixel_data_frame(dataset.PixelData, 1)).rstrip(b"\0")
    assert stream.endswith(b"\xff\xd9\xff")
    assert decoded(stream).shape == (dataset.Rows, dataset.Columns)
    for end in (stream[-3:], stream[-2:], b""):
        with pytest.raises((IncompleteStreamError, RuntimeError)):
            decoded(stream[: len(stream) // 2] + end)


@pytest.mark.parametrize("layers", [1, 3])
def test_jpeg_2000_is_followed_from_tile_part_to_tile_part(a_breast, layers):
    ratios = [20.0, 8.0, 4.0][-layers:]
    stream = bytes(
        openjpeg.utils.encode_array(a_breast, bits_stored=12, photometric_interpretation=2, compression_ratios=ratios)
    )
    refuse_incomplete_jpeg_2000(stream)
    refuse_incomplete_jpeg_2000(stream + b"\xff\xff")
    refuse_incomplete_jpeg_2000(stream[:-2])  # all but the end marker is there
    middle = len(stream) // 2
    for damaged in (stream[:middle], stream[:middle] + stream[middle + 1 :], stream[:middle] + b"1" + stream[middle:]):
        with pytest.raises(IncompleteStreamError):
            refuse_incomplete_jpeg_2000(damaged)
