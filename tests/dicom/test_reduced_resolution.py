"""JPEG 2000 without its finest details: the same place, size and means, and only where that is safe."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import uid

from mammolens.dicom.completeness import IncompleteStreamError
from mammolens.dicom.reader import read_mammogram
from mammolens.dicom.reduced_resolution import decode_without_details, details_are_finer
from mammolens.dicom.streams import JPEG_2000_CODESTREAM, coding_style, stated_format
from mammolens.enums import SpacingSource
from mammolens.types import PixelSpacing

SHAPES = [(192, 160), (191, 161), (190, 163)]


@pytest.fixture
def reduced(dataset_of, encode):
    """Decode values without the finest details; keywords set header attributes."""

    def decode(values, bits=12, change=lambda stream: stream, **header):
        stream = change(encode(values, uid.JPEG2000Lossless, bits))
        stated = stated_format(stream)
        assert stated is not None
        return decode_without_details(dataset_of(values, BitsStored=bits, **header), stream, stated)

    return decode


def noise(shape, bits=12):
    return np.random.default_rng(0).integers(0, 2**bits, shape).astype(np.uint8 if bits <= 8 else np.uint16)


def block_means(values, side):
    rows, columns = (size // side * side for size in values.shape)
    blocks = values[:rows, :columns].astype(np.float64).reshape(rows // side, side, columns // side, side)
    return blocks.mean(axis=(1, 3))


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_gradient_keeps_its_place(reduced, shape, bits):
    """It has no details, so that a shift by half a pixel would show everywhere but at the far edges."""
    step = 2**bits // sum(shape)
    values = (np.add.outer(np.arange(shape[0]), np.arange(shape[1])) * step).astype(f"u{1 if bits == 8 else 2}")
    cells = reduced(values, bits)
    assert (cells.patterns.shape, cells.patterns.dtype, cells.bits, cells.signed) == (shape, values.dtype, bits, False)
    inner = (slice(None, -3),) * 2
    np.testing.assert_allclose(cells.patterns[inner].astype(int), values[inner].astype(int), atol=0.25 * step + 1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_means_over_many_pixels_hardly_change_although_pixels_do(reduced, shape):
    values = noise(shape)
    cells = reduced(values)
    assert np.std(cells.patterns.astype(float) - values) > 0.5 * np.std(values)
    change = block_means(cells.patterns, 12) - block_means(values, 12)
    assert np.std(change) < 0.4 * np.std(block_means(values, 12))
    assert abs(change.mean()) < 0.01 * values.mean()


def test_a_file_around_the_codestream_changes_nothing(reduced):
    """As RSNA's images have it: 16 bits in a JP2 file, of which the header says that 12 are in use."""
    values = noise(SHAPES[0])
    box = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\0jp2c"
    wrapped = reduced(values, change=lambda stream: box + stream[stream.index(JPEG_2000_CODESTREAM) :])
    np.testing.assert_array_equal(wrapped.patterns, reduced(values).patterns)


def lossy(stream):
    style = stream.index(b"\xff\x52")
    return stream[: style + 13] + b"\0" + stream[style + 14 :]


def begun_later(stream):
    start = stream.index(JPEG_2000_CODESTREAM)
    return stream[: start + 16] + (1).to_bytes(4) + stream[start + 20 :]


def without_levels(stream):
    style = stream.index(b"\xff\x52")
    return stream[: style + 9] + b"\0" + stream[style + 10 :]


def in_odd_tiles(stream):
    start = stream.index(JPEG_2000_CODESTREAM)
    return stream[: start + 24] + (33).to_bytes(4) * 2 + stream[start + 32 :]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"change": lossy}, id="lossy"),
        pytest.param({"change": begun_later}, id="image offset"),
        pytest.param({"change": in_odd_tiles}, id="tiles of odd size"),
        pytest.param({"change": without_levels}, id="no levels"),
        pytest.param({"PixelRepresentation": 1}, id="signed"),
        pytest.param({"HighBit": 13}, id="other high bit"),
        pytest.param({"bits": 16, "BitsStored": 12, "HighBit": 11}, id="more bits than stated"),
        pytest.param({"OverlayBitPosition": 12}, id="overlay"),
        pytest.param({"PixelPaddingValue": 4095}, id="white padding"),
        pytest.param({"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"}, id="white padding inverted"),
    ],
)
def test_other_streams_are_decoded_whole(dataset_of, encode, options):
    bits, change = options.pop("bits", 12), options.pop("change", bytes)
    values = noise(SHAPES[0], bits)
    overlay = options.pop("OverlayBitPosition", None)
    stream = change(encode(values, uid.JPEG2000Lossless, bits))
    dataset = dataset_of(values, **{"BitsStored": bits, **options})
    if overlay:
        dataset.add_new((0x6000, 0x0102), "US", overlay)
    assert decode_without_details(dataset, stream, stated_format(stream)) is None


@pytest.mark.parametrize("header", [{"PixelPaddingValue": 0}, {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 30}])
def test_black_padding_is_no_obstacle(reduced, header):
    assert reduced(noise(SHAPES[0]), **header) is not None


def test_a_stream_that_ends_too_early_is_refused(reduced):
    with pytest.raises(IncompleteStreamError, match="too early"):
        reduced(noise(SHAPES[0]), change=lambda stream: stream[:-2000])


def test_the_coding_style_is_read(encode):
    stream = encode(noise(SHAPES[0]), uid.JPEG2000Lossless, 12)
    assert coding_style(stream)._asdict() == {
        "has_precincts": False,
        "layers": 1,
        "levels": 5,
        "bypasses": False,
        "is_reversible": True,
    }
    assert coding_style(stream[: stream.index(b"\xff\x90")]) is None


@pytest.mark.parametrize(
    ("detail_mm", "pixel_mm", "finer"), [(0.19, 0.07, True), (0.19, 0.1, False), (None, 0.01, False)]
)
def test_details_are_left_out_as_long_as_pixels_stay_small(detail_mm, pixel_mm, finer):
    assert details_are_finer(PixelSpacing(pixel_mm, 0.05, SpacingSource.TABLE), detail_mm) is finer
    assert not details_are_finer(None, detail_mm)


def test_a_mammogram_is_read_without_details_where_its_pixel_size_is_known(write_dicom, stored_phantoms):
    (values, *_) = stored_phantoms
    rough = np.clip(values + np.random.default_rng(1).normal(0, 40, values.shape), 0, 4095).astype(np.uint16)
    header = {"syntax": uid.JPEG2000Lossless, "BitsStored": 12}
    known = write_dicom(rough, name="known.dcm", ImagerPixelSpacing=[0.07, 0.07], **header)
    unknown = write_dicom(rough, name="unknown.dcm", **header)
    whole = read_mammogram(known).pixels
    reduced = read_mammogram(known, detail_mm=0.19).pixels
    assert whole.shape == reduced.shape
    assert 0.001 < np.abs(whole - reduced).mean() < 0.02
    np.testing.assert_array_equal(read_mammogram(unknown, detail_mm=0.19).pixels, whole)
