from __future__ import annotations

import io
import shutil
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import openjpeg.utils
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, generate_pixel_data_frame

from mammolens.dicom.codecs import HTJ2K
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.stored_values import stored_pixels
from mammolens.errors import InputError, PixelDataError, UnsupportedMammogramError

from .htj2k import ramp, ramp_stream

ENCODED = (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless)
UNCOMPRESSED = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)
BITS = (8, 10, 12, 14, 16)
VARIANTS = [
    (syntax, bits, signed)
    for syntax, bits, signed in product((*UNCOMPRESSED, *ENCODED), BITS, (False, True))
    if bits > 8 or syntax != uid.ExplicitVRBigEndian
]


def stored(path: Path) -> np.ndarray:
    return stored_pixels(open_dicom(path, with_pixels=True), path).values


def read_by_simpleitk(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0]


@pytest.mark.parametrize(
    ("syntax", "bits", "signed"), VARIANTS, ids=lambda value: getattr(value, "keyword", str(value))
)
def test_values_are_those_that_were_written_and_those_that_simpleitk_reads(
    write_dicom, values_of, syntax, bits, signed
):
    values = values_of(bits, signed=signed)
    path = write_dicom(values, syntax=syntax, BitsStored=bits)
    decoded = stored(path)
    assert decoded.dtype == values.dtype
    np.testing.assert_array_equal(decoded, values)
    np.testing.assert_array_equal(decoded, read_by_simpleitk(path))


@pytest.mark.parametrize(("tool", "bits", "signed"), [*product(("dcmcjpeg", "dcmcjpls"), BITS, (False, True))])
def test_values_that_dcmtk_compressed_are_the_same(write_dicom, values_of, tmp_path, tool, bits, signed):
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} (Debian package dcmtk) is not installed")
    values, packed = values_of(bits, signed=signed), tmp_path / "packed.dcm"
    subprocess.run([program, write_dicom(values, BitsStored=bits), packed], check=True, capture_output=True)
    np.testing.assert_array_equal(stored(packed), values)
    np.testing.assert_array_equal(stored(packed), read_by_simpleitk(packed))


@pytest.mark.parametrize(("bits", "signed"), [*product(BITS, (False, True))])
def test_htj2k_gives_the_values_that_were_encoded(write_dicom, bits, signed):
    values = ramp(bits, signed=signed)
    for syntax in HTJ2K:
        path = write_dicom(values, syntax=syntax, frame=ramp_stream(bits, signed=signed), BitsStored=bits)
        assert stored(path).dtype == values.dtype
        np.testing.assert_array_equal(stored(path), values)


@pytest.mark.parametrize(
    "damage", [lambda stream: stream[:700] + stream[-2:], lambda stream: stream[:-300]], ids=["its middle", "its tail"]
)
def test_htj2k_that_lost_bytes_is_refused(write_dicom, damage):
    path = write_dicom(ramp(12), syntax=next(iter(HTJ2K)), frame=damage(ramp_stream(12)), BitsStored=12)
    with pytest.raises(PixelDataError, match="too early"):
        stored(path)


def test_htj2k_under_the_name_of_jpeg_2000_is_refused_by_both_names(write_dicom):
    path = write_dicom(ramp(12), syntax=uid.JPEG2000Lossless, frame=ramp_stream(12), BitsStored=12)
    with pytest.raises(PixelDataError, match=r"says JPEG 2000 .* but the pixels are High-Throughput JPEG 2000"):
        stored(path)


def test_jpeg_ls_of_another_maker_gives_the_same_values(write_dicom):
    packed = pydicom.dcmread(get_testdata_file("MR_small_jpeg_ls_lossless.dcm"))
    truth = pydicom.dcmread(get_testdata_file("MR_small.dcm")).pixel_array
    frame = next(generate_pixel_data_frame(packed.PixelData, 1))
    path = write_dicom(truth, syntax=uid.JPEGLSLossless, frame=frame)
    np.testing.assert_array_equal(stored(path), truth)
    np.testing.assert_array_equal(stored(path), read_by_simpleitk(path))


def test_lossy_jpeg_of_8_bits_is_read_as_simpleitk_reads_it(write_dicom, a_phantom_exam):
    values, stream = np.rint(a_phantom_exam.views[3].pixels * 255).astype(np.uint8), io.BytesIO()
    Image.fromarray(values).save(stream, format="JPEG", quality=90)
    path = write_dicom(values, syntax=uid.JPEGBaseline8Bit, frame=stream.getvalue())
    np.testing.assert_allclose(stored(path), values, atol=20)
    np.testing.assert_allclose(stored(path).astype(int), read_by_simpleitk(path).astype(int), atol=1)


def test_lossy_jpeg_2000_is_read_as_simpleitk_reads_it(write_dicom, a_phantom_exam):
    values = phantom_values(a_phantom_exam)
    frame = openjpeg.utils.encode_array(values, bits_stored=12, photometric_interpretation=2, compression_ratios=[8, 4])
    path = write_dicom(values, syntax=uid.JPEG2000, frame=bytes(frame), BitsStored=12)
    np.testing.assert_allclose(stored(path), values, atol=200)
    np.testing.assert_allclose(stored(path).astype(int), read_by_simpleitk(path).astype(int), atol=1)


@pytest.mark.parametrize("precision", [12, 16])
def test_jpeg_2000_inside_a_jp2_file_keeps_all_its_bits(write_dicom, values_of, precision):
    """Against PS3.5 A.4.4, but found in public data sets, also with more bits than Bits Stored says."""
    values = values_of(12)
    frame = openjpeg.utils.encode_array(values, bits_stored=precision, photometric_interpretation=2, codec_format=1)
    assert frame[4:8] == b"jP  "
    path = write_dicom(values, syntax=uid.JPEG2000Lossless, frame=bytes(frame), BitsStored=12)
    np.testing.assert_array_equal(stored(path), values)
    np.testing.assert_array_equal(stored(path), read_by_simpleitk(path))


@pytest.mark.parametrize("implicit", [False, True])
def test_a_file_without_preamble_and_meta_information_is_read(dataset_of, values_of, tmp_path, implicit):
    dataset, path = dataset_of(values_of()), tmp_path / "bare.dcm"
    dataset.file_meta, dataset.preamble, dataset.is_implicit_VR = None, None, implicit
    pydicom.dcmwrite(path, dataset, write_like_original=True)
    assert path.read_bytes()[:2] == b"\x08\x00"
    np.testing.assert_array_equal(stored(path), values_of())


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless])
def test_overlays_in_unused_bits_are_no_part_of_the_values(write_dicom, values_of, syntax):
    values = values_of(12)
    overlay = np.random.default_rng(0).integers(0, 2, size=values.shape).astype(np.uint16) << 14
    frame = write_dicom(values | overlay, syntax=syntax, BitsStored=16, name="whole cells.dcm")
    dataset = pydicom.dcmread(frame)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.add_new((0x6002, 0x0100), "US", 16)
    dataset.add_new((0x6002, 0x0102), "US", 14)
    dataset.save_as(frame)
    np.testing.assert_array_equal(stored(frame), values)
    np.testing.assert_array_equal(stored(frame), read_by_simpleitk(frame))


def test_the_sign_is_extended_where_the_writer_did_not(write_dicom, values_of):
    values = values_of(12, signed=True)
    path = write_dicom(values & 0x0FFF, BitsStored=12)
    np.testing.assert_array_equal(stored(path), values)
    np.testing.assert_array_equal(stored(path), read_by_simpleitk(path))


def test_values_may_stand_in_the_upper_bits(write_dicom, values_of):
    values = values_of(12)
    np.testing.assert_array_equal(stored(write_dicom((values << 4) | 5, BitsStored=12, HighBit=15)), values)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, *ENCODED], ids=lambda syntax: syntax.keyword)
def test_a_file_that_ends_too_early_is_refused(write_dicom, a_phantom_exam, syntax, share):
    path = write_dicom(phantom_values(a_phantom_exam), syntax=syntax)
    whole = path.read_bytes()
    path.write_bytes(whole[: round(len(whole) * share)])
    with pytest.raises(
        InputError, match=r"image\.dcm: .*; (copy or export the image again|give the mammogram itself)$"
    ):
        stored(path)


@pytest.mark.parametrize("fill", [b"", b"\0"], ids=["cut", "zeros"])
@pytest.mark.parametrize("missing", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("syntax", ENCODED, ids=lambda syntax: syntax.keyword)
def test_a_frame_that_ends_too_early_is_refused(write_dicom, encode, a_phantom_exam, syntax, missing, fill):
    """Decoders fill such frames up, and half a breast looks like a breast."""
    values = phantom_values(a_phantom_exam)
    frame = encode(values, syntax, 16)
    cut = round(len(frame) * missing)
    path = write_dicom(values, syntax=syntax, frame=frame[:-cut] + fill * cut)
    with pytest.raises(
        PixelDataError,
        match=r"image\.dcm: .*(too early|cannot be decoded|do not add up|have a gap|does not fit).*; copy or export",
    ):
        stored(path)


def test_a_jpeg_ls_frame_that_ends_too_early_is_refused(write_dicom):
    packed = pydicom.dcmread(get_testdata_file("MR_small_jpeg_ls_lossless.dcm"))
    frame = next(generate_pixel_data_frame(packed.PixelData, 1))
    path = write_dicom(np.zeros((64, 64), np.int16), syntax=uid.JPEGLSLossless, frame=frame[: len(frame) // 2])
    with pytest.raises(PixelDataError, match="the compressed pixels end too early"):
        stored(path)


def test_truncation_is_seen_in_several_threads_at_once(write_dicom, encode, values_of):
    values, frame = values_of(16), encode(values_of(16), uid.JPEGLosslessSV1, 16)
    whole = write_dicom(values, syntax=uid.JPEGLosslessSV1, frame=frame, name="whole.dcm")
    cut = write_dicom(values, syntax=uid.JPEGLosslessSV1, frame=frame[: len(frame) // 2], name="cut.dcm")

    def outcome(path: Path) -> str:
        try:
            return "same" if np.array_equal(stored(path), values) else "other"
        except PixelDataError:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(outcome, [whole, cut] * 20)) == ["same", "refused"] * 20


def test_some_padding_behind_the_pixels_is_harmless(dataset_of, values_of, tmp_path):
    dataset, path = dataset_of(values_of()), tmp_path / "image.dcm"
    dataset.PixelData += b"\0" * 20
    dataset.save_as(path, write_like_original=False)
    np.testing.assert_array_equal(stored(path), values_of())


def test_a_few_bytes_behind_the_pixels_that_are_no_padding_are_refused(dataset_of, values_of, tmp_path):
    dataset, path = dataset_of(values_of()), tmp_path / "image.dcm"
    dataset.PixelData += b"\1\2\3\4"
    dataset.save_as(path, write_like_original=False)
    with pytest.raises(PixelDataError, match="has 4 bytes more than rows x columns"):
        stored(path)


def test_more_rows_than_the_header_says_are_refused(write_dicom, values_of):
    with pytest.raises(PixelDataError, match="bytes more than rows x columns"):
        stored(write_dicom(values_of(), Rows=70))


@pytest.mark.parametrize("syntax", ENCODED, ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("wrong", [{"Rows": 90}, {"Columns": 90}], ids=str)
def test_a_frame_of_another_size_is_refused(write_dicom, values_of, syntax, wrong):
    with pytest.raises(PixelDataError, match=r"image\.dcm: .*; (copy or )?export the image again"):
        stored(write_dicom(values_of(16), syntax=syntax, **wrong))


@pytest.mark.parametrize("syntax", [*ENCODED, uid.JPEGBaseline8Bit], ids=lambda syntax: syntax.keyword)
def test_garbage_is_refused(write_dicom, values_of, syntax):
    garbage = np.random.default_rng(0).bytes(4000) + b"\xff\xd9"
    with pytest.raises(
        PixelDataError, match=f"pixels cannot be decoded as {syntax.name.split('(')[0]}|the RLE header does not fit"
    ):
        stored(write_dicom(values_of(), syntax=syntax, frame=garbage))


def test_a_decoder_that_panics_is_a_damaged_file_too(write_dicom, encode, values_of):
    """pylibjpeg-rle meets some damage with a panic, which is not an Exception."""
    values, frame = values_of(16), encode(values_of(16), uid.RLELossless, 16)
    rng, refused = np.random.default_rng(2), 0
    for _ in range(80):
        damaged = bytearray(frame)
        damaged[rng.integers(64, len(frame))] = rng.integers(256)
        try:
            stored(write_dicom(values, syntax=uid.RLELossless, frame=bytes(damaged)))
        except PixelDataError:
            refused += 1
    assert refused > 0


def test_a_transfer_syntax_without_decoder_is_named(write_dicom, values_of):
    path = write_dicom(values_of(), syntax=uid.MPEG2MPML, frame=b"\0" * 100 + b"\xff\xd9")
    with pytest.raises(PixelDataError, match="pixels cannot be decoded as MPEG2"):
        stored(path)


@pytest.mark.parametrize("pixels", [None, b""], ids=["absent", "empty"])
def test_an_object_without_pixels_is_refused(write_dicom, values_of, pixels):
    with pytest.raises(PixelDataError, match="the file has no Pixel Data; copy or export the image again"):
        stored(write_dicom(values_of(), PixelData=pixels))


@pytest.mark.parametrize("shape", [(1, 400), (63, 400), (400, 63), (8, 8)], ids=str)
def test_a_tiny_image_is_refused(write_dicom, shape):
    with pytest.raises(
        UnsupportedMammogramError, match=rf"has only {shape[0]} x {shape[1]} pixels; give the full image"
    ):
        stored(write_dicom(np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(shape)))


def test_an_image_beyond_the_limit_is_refused_before_it_is_decoded(write_dicom, values_of):
    path = write_dicom(values_of(), Rows=10_001, Columns=10_001, syntax=uid.RLELossless, frame=b"\0" * 64)
    with pytest.raises(UnsupportedMammogramError, match="has 10001 x 10001 pixels, more than 100 million; give the"):
        stored(path)


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLosslessSV1])
def test_a_stream_that_states_more_pixels_than_the_header_is_refused_before_it_is_decoded(
    write_dicom, encode, values_of, syntax
):
    values = values_of(16)
    frame = bytearray(encode(values, syntax, 16))
    if syntax == uid.JPEG2000Lossless:
        width = frame.index(b"\xff\x51") + 6  # Xsiz, Ysiz of SIZ (T.800 A.5.1)
        frame[width : width + 8] = struct.pack(">2I", 30_000, 30_000)
    else:
        height = frame.index(b"\xff\xc3") + 5  # Y, X of SOF3 (T.81 B.2.2)
        frame[height : height + 4] = struct.pack(">2H", 30_000, 30_000)
    with pytest.raises(UnsupportedMammogramError, match="has 30000 x 30000 pixels, more than 100 million; give the"):
        stored(write_dicom(values, syntax=syntax, frame=bytes(frame)))


def test_several_fragments_are_one_frame(dataset_of, encode, values_of, tmp_path):
    values, path = values_of(16), tmp_path / "image.dcm"
    dataset = dataset_of(values)
    dataset.PixelData = encapsulate([encode(values, uid.JPEG2000Lossless, 16)], fragments_per_frame=3)
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = uid.JPEG2000Lossless
    dataset.save_as(path, write_like_original=False)
    np.testing.assert_array_equal(stored(path), values)


def phantom_values(exam) -> np.ndarray:
    return np.rint(exam.views[3].pixels * 4095).astype(np.uint16)


def saying(path: Path, syntax: str) -> Path:
    """The same file with another Transfer Syntax UID in its meta information."""
    dataset = pydicom.dcmread(path)
    whole, old = path.read_bytes(), dataset.file_meta.TransferSyntaxUID
    element = b"\x02\x00\x10\x00UI"
    start, length = whole.index(element), len(old) + len(old) % 2
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    grown = dataset.file_meta.FileMetaInformationGroupLength + len(new) - length
    meta = whole[:140] + struct.pack("<I", grown) + whole[144:start] + element + struct.pack("<H", len(new)) + new
    path.write_bytes(meta + whole[start + 8 + length :])
    return path


def test_compressed_pixels_that_are_called_uncompressed_are_named(write_dicom, values_of):
    path = saying(write_dicom(values_of(12), syntax=uid.JPEG2000Lossless, BitsStored=12), uid.ExplicitVRLittleEndian)
    with pytest.raises(
        PixelDataError, match=r"says Explicit VR Little Endian, but the pixels are JPEG 2000; correct the"
    ):
        stored(path)


def test_uncompressed_pixels_that_are_called_compressed_are_named(write_dicom, values_of):
    path = saying(write_dicom(values_of(12), BitsStored=12), uid.JPEG2000Lossless)
    with pytest.raises(PixelDataError, match="says JPEG 2000 .*, but the pixels are not compressed; correct the"):
        stored(path)


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.JPEGLosslessSV1])
def test_a_stream_that_is_called_rle_and_rle_that_is_called_a_stream_are_named(write_dicom, encode, values_of, syntax):
    values = values_of(12)
    for said, held in ((uid.RLELossless, syntax), (syntax, uid.RLELossless)):
        path = write_dicom(values, syntax=said, frame=encode(values, held, 12), BitsStored=12)
        content = {
            uid.RLELossless: "RLE Lossless",
            uid.JPEG2000Lossless: "JPEG 2000",
            uid.JPEGLSLossless: "JPEG-LS",
            uid.JPEGLosslessSV1: "lossless JPEG",
        }[held]
        with pytest.raises(PixelDataError) as refused:
            stored(path)
        assert f"Transfer Syntax UID says {said.name}, but the pixels are {content}; correct" in str(refused.value)


def test_rle_that_is_called_uncompressed_is_named(write_dicom, values_of):
    path = saying(write_dicom(values_of(12), syntax=uid.RLELossless, BitsStored=12), uid.ExplicitVRLittleEndian)
    with pytest.raises(PixelDataError, match=r"but the pixels are RLE Lossless; correct the"):
        stored(path)


def test_a_stream_of_another_kind_than_its_transfer_syntax_is_named(write_dicom, encode, values_of):
    frame = encode(values_of(12), uid.JPEGLSLossless, 12)
    path = write_dicom(values_of(12), syntax=uid.JPEG2000Lossless, frame=frame, BitsStored=12)
    with pytest.raises(PixelDataError, match="says JPEG 2000 .*, but the pixels are JPEG-LS; correct the"):
        stored(path)
