from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from mammolens.dicom.channels import grey_channel
from mammolens.dicom.decoding import decoded_cells
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.errors import UnsupportedMammogramError

SPACING = {"ImagerPixelSpacing": ["0.1", "0.1"]}
COLOUR = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB", **SPACING}


@pytest.fixture
def grey(stored_phantoms) -> np.ndarray:
    return (stored_phantoms[3] >> 4).astype(np.uint8)


def as_picture(channels: np.ndarray, **options: Any) -> bytes:
    content = io.BytesIO()
    Image.fromarray(channels).save(content, **options)
    return content.getvalue()


def channels_of(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=-1)


def cells(path) -> np.ndarray:
    return decoded_cells(open_dicom(path, with_pixels=True), path).patterns


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planar", [0, 1])
def test_grey_stored_as_rgb_is_the_grey_image(write_dicom, grey, syntax, bits, planar):
    values = grey.astype(f"u{bits // 8}") * (1 if bits == 8 else 257)
    stored = channels_of(values)
    data = np.ascontiguousarray(np.moveaxis(stored, -1, 0) if planar else stored)
    if syntax == uid.ExplicitVRBigEndian:
        data = data.astype(data.dtype.newbyteorder(">"))
    header = {**COLOUR, "PlanarConfiguration": planar, "Rows": 256, "Columns": 208}
    path = write_dicom(data, syntax=syntax, PixelData=data.tobytes(), **header)
    if syntax == uid.ExplicitVRBigEndian:
        dataset = open_dicom(path, with_pixels=True)
        dataset.PixelData = data.tobytes()
        dataset.save_as(path)
    assert np.array_equal(cells(path), values)
    alone = read_mammogram(write_dicom(values, name="grey.dcm", **SPACING))
    assert np.array_equal(read_mammogram(path).pixels, alone.pixels)
    assert read_mammogram(path).header.flags == alone.header.flags


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_stored_as_rgb_in_rle_is_the_grey_image(write_dicom, grey, bits):
    values = grey.astype(f"u{bits // 8}") * (1 if bits == 8 else 257)
    path = write_dicom(values, PixelData=channels_of(values).tobytes(), **COLOUR)
    dataset = open_dicom(path, with_pixels=True)
    dataset.compress(uid.RLELossless)
    dataset.save_as(path)
    assert np.array_equal(cells(path), values)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422", "YBR_FULL"])
def test_grey_in_a_colour_jpeg_is_its_luminance(write_dicom, grey, photometric):
    frame = as_picture(channels_of(grey), format="JPEG", quality=95)
    header = {**COLOUR, "PhotometricInterpretation": photometric}
    path = write_dicom(grey, syntax=uid.JPEGBaseline8Bit, frame=frame, **header)
    expected = np.asarray(Image.open(io.BytesIO(frame)).convert("L"))
    assert np.abs(cells(path).astype(int) - expected).max() <= 2


def test_grey_in_a_colour_jpeg_2000_is_the_grey_image(write_dicom, grey):
    frame = as_picture(channels_of(grey), format="JPEG2000", no_jp2=True, irreversible=False)
    header = {**COLOUR, "PhotometricInterpretation": "YBR_RCT"}
    path = write_dicom(grey, syntax=uid.JPEG2000Lossless, frame=frame, **header)
    assert np.array_equal(cells(path), grey)


def test_a_window_is_not_for_colours(write_dicom, grey):
    window = {"WindowCenter": "60", "WindowWidth": "20"}
    path = write_dicom(grey, PixelData=channels_of(grey).tobytes(), **COLOUR, **window)
    alone = write_dicom(grey, name="grey.dcm", **SPACING)
    assert np.array_equal(read_mammogram(path).pixels, read_mammogram(alone).pixels)


def test_colours_are_refused_where_the_pixels_show_them(write_dicom, grey):
    coloured = channels_of(grey)
    coloured[100:140, :40] = 200, 40, 40
    path = write_dicom(grey, PixelData=coloured.tobytes(), **COLOUR)
    read_header(path)
    with pytest.raises(
        UnsupportedMammogramError, match=r"image\.dcm: is a colour image; export the grey-scale mammogram"
    ):
        read_mammogram(path)


def test_a_stream_that_is_not_decoded_in_colour_is_refused_by_name(write_dicom, grey):
    path = write_dicom(grey, syntax=uid.JPEGLSLossless, **COLOUR)
    with pytest.raises(UnsupportedMammogramError, match=r"is stored as 3 channels of JPEG-LS; export the grey-scale"):
        read_mammogram(path)


def test_channels_are_grey_if_they_differ_by_no_more_than_compression_makes_them():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    noisy = channels_of(grey // 2 + 40)
    noisy[::2, :, 1] += 30
    assert grey_channel(noisy, 8) is not None
    noisy[0, 0, 1] += 10
    assert grey_channel(noisy, 8) is None
    luminance = np.stack([grey, np.full_like(grey, 128), np.full_like(grey, 131)], axis=-1)
    assert np.array_equal(grey_channel(luminance, 8), grey)
