import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_pixel_data_frame

from mammolens.dicom.streams import stated_format


def stated_size(stream: bytes) -> tuple[int, int] | None:
    stated = stated_format(stream)
    return (stated.rows, stated.columns) if stated else None


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLosslessSV1])
def test_a_stream_states_its_rows_and_columns(encode, values_of, syntax):
    values = values_of(16)
    assert stated_size(encode(values, syntax, 16)) == values.shape


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPEG2000.dcm", "JPGExtended.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_streams_of_other_makers_state_what_their_headers_do(name):
    dataset = pydicom.dcmread(get_testdata_file(name))
    frame = next(generate_pixel_data_frame(dataset.PixelData, 1))
    assert stated_size(frame) == (dataset.Rows, dataset.Columns)


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLosslessSV1])
def test_fill_bytes_and_boxes_in_front_are_passed_over(encode, values_of, syntax):
    values = values_of(16)
    stream = encode(values, syntax, 16)
    filled = stream[:2] + b"\xff\xff" + stream[2:] if syntax == uid.JPEGLosslessSV1 else b"\0\0\0\x0cjP  " + stream
    assert stated_size(filled) == values.shape


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLosslessSV1])
def test_what_is_cut_or_garbage_states_nothing_or_something(encode, values_of, syntax):
    stream, rng = encode(values_of(16), syntax, 16)[:200], np.random.default_rng(7)
    assert {stated_size(stream[:length]) for length in range(200)} == {None, values_of(16).shape}
    for _ in range(300):
        damaged = bytearray(stream)
        damaged[rng.integers(200)] = rng.integers(256)
        stated_size(bytes(damaged))
