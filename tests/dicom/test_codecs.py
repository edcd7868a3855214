"""Decoders of one kind of stream are interchangeable, and the first that is installed is used."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pydicom import uid

from mammolens.dicom.codecs import DECODERS, KINDS, decoder_of
from mammolens.dicom.streams import StreamFormat, StreamKind, stated_format

from .htj2k import ramp, ramp_stream

BITS = (8, 10, 12, 14, 16)
LOSSLESS = (uid.JPEG2000Lossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless)
EACH = [
    pytest.param(syntax, decoder, bits, signed, id=f"{syntax.keyword}-{decoder.package}-{bits}-{'us'[signed]}")
    for syntax, bits, signed in product(LOSSLESS, BITS, (False, True))
    for decoder in DECODERS[KINDS[syntax]]
]


@pytest.mark.parametrize(("syntax", "decoder", "bits", "signed"), EACH)
def test_each_decoder_gives_the_values_that_were_encoded(encode, values_of, syntax, decoder, bits, signed):
    values = values_of(bits, signed=signed)
    stream = encode(values, syntax, bits)
    stated = stated_format(stream)
    assert stated is not None
    mask = 2**stated.precision - 1
    np.testing.assert_array_equal(decoder.decode(stream, stated) & mask, values & mask)


@pytest.mark.parametrize(("bits", "signed"), [*product(BITS, (False, True))])
@pytest.mark.parametrize("decoder", DECODERS[StreamKind.HTJ2K], ids=lambda decoder: decoder.package)
def test_each_decoder_of_htj2k_gives_the_values_that_openjph_encoded(decoder, bits, signed):
    stream = ramp_stream(bits, signed=signed)
    stated = stated_format(stream)
    assert stated == StreamFormat(StreamKind.HTJ2K, 80, 72, bits, signed)
    np.testing.assert_array_equal(decoder.decode(stream, stated), ramp(bits, signed=signed))


@pytest.mark.parametrize(
    ("kind", "package"),
    [
        (StreamKind.LOSSLESS_JPEG, "pylibjpeg-libjpeg"),
        (StreamKind.JPEG_2000, "pylibjpeg-openjpeg"),
        (StreamKind.HTJ2K, "pylibjpeg-openjpeg"),
        (StreamKind.RLE, "pylibjpeg-rle"),
    ],
)
def test_the_next_decoder_takes_the_place_of_one_that_is_not_installed(without_imagecodecs, kind, package):
    assert decoder_of(kind).package == package


@pytest.mark.parametrize("kind", [StreamKind.LOSSLESS_JPEG, StreamKind.JPEG_2000, StreamKind.HTJ2K, StreamKind.RLE])
def test_the_fastest_decoder_is_the_first(kind):
    assert decoder_of(kind).package == "imagecodecs"


@pytest.mark.parametrize("package", ["imagecodecs", "pylibjpeg-rle"])
@pytest.mark.parametrize(
    ("segment", "whole"),
    [(b"\x02abc", True), (b"\xfea", True), (b"\x80\x00a\xffb", True), (b"\x03abc", False), (b"\x02abc\xff", False)],
)
def test_both_decoders_of_rle_reveal_a_code_that_is_not_whole(package, segment, whole):
    """A literal run of one byte behind the segment comes out as such only if the code before it was whole."""
    (decoder,) = (one for one in DECODERS[StreamKind.RLE] if one.package == package)
    try:
        decoded = decoder.decode(segment + b"\x00U", StreamFormat(StreamKind.RLE, 1, 3, 8))
    except (ValueError, RuntimeError):
        decoded = np.zeros(1, np.uint8)
    assert (len(decoded) == 4 and bytes(decoded[-1:]) == b"U") is whole
