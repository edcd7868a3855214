"""Pixels and headers changed at random: an InputError, a word about what was set aside, or the truth."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import openjpeg.utils
import pydicom
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from pillow_jpls import _pycharls
from pydicom import FileDataset, uid
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_pixel_data_frame
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.tag import Tag

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.pixels import display_pixels
from mammolens.dicom.reader import read_mammogram
from mammolens.dicom.stored_values import StoredPixels, stored_pixels
from mammolens.enums import QualityFlag
from mammolens.errors import InputError

from .lossless_jpeg import encode_lossless_jpeg
from .raw_headers import raw_elements, raw_file, set_raw
from .whole_streams import (
    IsWhole,
    is_whole_baseline_jpeg,
    is_whole_jpeg_ls,
    is_whole_lossless_jpeg,
    is_whole_rle,
)

pytestmark = pytest.mark.slow  # a second or two each, half a minute together
T = TypeVar("T")
PATH, PIXEL_DATA = Path("image.dcm"), Tag("PixelData")
UNCOMPRESSED = ("ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian")
LOSSLESS = ("RLELossless", "JPEG2000Lossless", "JPEGLosslessP14", "JPEGLosslessSV1", "JPEGLSLossless")
LOSSY = ("JPEGBaseline8Bit", "JPEGExtended12Bit", "JPEG2000", "JPEGLSNearLossless")
BLOCKS = ("JPEGBaseline8Bit", "JPEGExtended12Bit")
PREDICTOR = 4  # of Process 14, which SV1 has 1 of
P14 = uid.UID("1.2.840.10008.1.2.4.57")  # pydicom 2 and 3 mean different ones by JPEGLossless
REPEATABLE = settings(
    max_examples=200,  # scripts/fuzz_reader.py tries for as long as it is let
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # examples are small already
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Damage(NamedTuple):
    """What happens to a stream behind its header; ``start`` and ``length`` are shares of it."""

    name: str
    start: float
    length: float
    byte: int

    def __call__(self, stream: bytes, header: int = 0) -> bytes:
        """Where bytes are lost, its end marker stays, so that the last bytes tell nothing."""
        last = len(stream) - 2
        start = header + int(self.start * (last - header))
        end = min(start + 1 + int(self.length * len(stream) / 4), last)
        if self.name == "lost":
            return stream[:start] + stream[end:]
        if self.name == "tail lost":
            return stream[:start] + stream[last:]
        if self.name == "repeated":
            return stream[:end] + stream[start:]
        filler = bytes([255 * (self.byte & 1)])
        if self.name == "padded":
            return stream + filler * (1 + self.byte % 8)
        if self.name == "gap":
            start = min(start, last - 64)
            return stream[:start] + filler * max(64, end - start) + stream[max(end, start + 64) :]
        assert self.name == "changed"
        return stream[:start] + bytes([stream[start] ^ (self.byte or 1)]) + stream[start + 1 :]


def damages(*names: str) -> st.SearchStrategy[Damage]:
    share = st.floats(0, 1, exclude_max=True)
    return st.builds(Damage, st.sampled_from(names), share, share, st.integers(0, 255))


@cache
def phantom() -> np.ndarray:
    pixels = make_phantom_exam(1, rows=72, columns=64, spacing=(3.5, 3.5)).views[3].pixels
    return np.rint(pixels * 4095).astype(np.uint16)


def lossy(values: np.ndarray, syntax: str) -> bytes:
    stream = io.BytesIO()
    if syntax == "JPEGBaseline8Bit":
        Image.fromarray(values).save(stream, format="JPEG", quality=90)
        return stream.getvalue()
    if syntax == "JPEGExtended12Bit":
        return extended_jpeg(values)
    if syntax == "JPEG2000":
        ratios = {"bits_stored": 12, "photometric_interpretation": 2, "compression_ratios": [4]}
        return bytes(openjpeg.utils.encode_array(values, **ratios))
    frame = _pycharls.FrameInfo()
    frame.height, frame.width = values.shape
    frame.bits_per_sample, frame.component_count = 12, 1
    return bytes(_pycharls.encode(values.tobytes(), frame, near_lossless=3))


def extended_jpeg(values: np.ndarray) -> bytes:
    """By DCMTK's encoder."""
    program = shutil.which("dcmcjpeg")
    if program is None:
        pytest.skip("dcmcjpeg is missing: apt-get install dcmtk")
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "plain.dcm"), Path(folder, "packed.dcm")
        dataset = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
        dataset.SOPClassUID, dataset.SOPInstanceUID = uid.SecondaryCaptureImageStorage, "1.2.3"
        dataset.Rows, dataset.Columns = values.shape
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
        dataset.PhotometricInterpretation, dataset.PixelData = "MONOCHROME2", values.tobytes()
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
        dataset.save_as(plain, write_like_original=False)
        subprocess.run([program, "+ee", plain, packed], check=True, capture_output=True)
        return next(generate_pixel_data_frame(pydicom.dcmread(packed).PixelData, 1)).rstrip(b"\0")


def is_unknown(_stream: bytes, _values: np.ndarray) -> bool:
    """The arithmetic coder of JPEG 2000 decodes any bytes to something."""
    return True


IS_WHOLE: dict[str, IsWhole] = {
    "RLELossless": is_whole_rle,
    "JPEGLosslessP14": partial(is_whole_lossless_jpeg, predictor=PREDICTOR),
    "JPEGLosslessSV1": is_whole_lossless_jpeg,
    "JPEGLSLossless": is_whole_jpeg_ls,
    "JPEGBaseline8Bit": is_whole_baseline_jpeg,
    "JPEGExtended12Bit": is_whole_baseline_jpeg,
}


@pytest.fixture(scope="module")
def in_syntax(dataset_of, encode):
    """A small phantom in a transfer syntax: its data set, the stream in it, and what the stream decodes to."""

    @cache
    def make(keyword: str) -> tuple[FileDataset, bytes, np.ndarray]:
        syntax = P14 if keyword == "JPEGLosslessP14" else uid.UID(getattr(uid, keyword))
        values = (phantom() >> 4).astype(np.uint8) if keyword == "JPEGBaseline8Bit" else phantom()
        dataset = dataset_of(values, BitsStored=8 if values.itemsize == 1 else 12)
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.is_little_endian = keyword != "ExplicitVRBigEndian"
        dataset.is_implicit_VR = keyword == "ImplicitVRLittleEndian"
        if not syntax.is_compressed:
            stream = values.astype(values.dtype.newbyteorder("<" if dataset.is_little_endian else ">")).tobytes()
        elif keyword == "JPEGLosslessP14":
            stream = encode_lossless_jpeg(values, 12, predictor=PREDICTOR)
        elif keyword in LOSSY:
            stream = lossy(values, keyword)
        else:
            stream = encode(values, syntax, 12)
        truth = stored_pixels(with_stream(dataset, stream), PATH).values
        assert keyword in LOSSY or np.array_equal(truth, values)
        return dataset, stream, truth

    return make


def with_stream(dataset: FileDataset, stream: bytes) -> FileDataset:
    """The same data set around another stream; shares its other elements."""
    changed = with_header(dataset, [])
    compressed = dataset.file_meta.TransferSyntaxUID.is_compressed
    frame = encapsulate([stream + b"\0" * (len(stream) % 2)]) if compressed else stream
    changed[PIXEL_DATA] = DataElement(PIXEL_DATA, "OB" if compressed else "OW", frame)
    changed[PIXEL_DATA].is_undefined_length = compressed
    return changed


def outcome(dataset: FileDataset) -> StoredPixels | None:
    """The pixels, or ``None`` where they are refused in one line that names the file."""
    read = or_refusal(lambda: stored_pixels(dataset, PATH))
    return read if isinstance(read, StoredPixels) else None


def or_refusal(read: Callable[[], T]) -> T | InputError:
    try:
        return read()
    except InputError as error:
        said = str(error)
        return error if "\n" not in said and said.startswith(error.source) else pytest.fail(said)


def header_length(stream: bytes, keyword: str) -> int:
    """Of what stands before the codes: what is lost of it makes another matter of the rest."""
    if keyword == "RLELossless":
        return 64
    if keyword.startswith("JPEG2000"):
        return stream.index(b"\xff\x93") + 2
    if keyword.startswith("JPEG"):
        scan = stream.index(b"\xff\xda")
        return scan + 2 + int.from_bytes(stream[scan + 2 : scan + 4])
    return 0


@pytest.mark.parametrize("keyword", [*UNCOMPRESSED, *LOSSLESS, *LOSSY])
def test_a_stream_that_lost_or_won_bytes_is_refused_or_gives_the_truth(in_syntax, keyword, capfd):
    """Unless what is left is the whole stream of another picture: codes have no checksum."""
    dataset, stream, truth = in_syntax(keyword)
    kinds = ["lost", "tail lost", "padded"]
    if keyword not in UNCOMPRESSED:  # where what is won at the end may be a dark row
        kinds += ["repeated"]
    if keyword not in (*UNCOMPRESSED, "RLELossless", *BLOCKS):  # where zeros are values
        kinds += ["gap"]
    outcomes = Counter[str]()

    @REPEATABLE
    @given(damages(*kinds))
    def check(damage: Damage) -> None:
        damaged = damage(stream, header_length(stream, keyword))
        result = outcome(with_stream(dataset, damaged))
        if result is None or np.array_equal(result.values, truth):
            outcomes["refused" if result is None else "true"] += 1
        else:
            assert IS_WHOLE[keyword](damaged, result.values)

    check()
    assert outcomes["refused"] > 100
    assert outcomes["true"] > 20
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("keyword", [*LOSSLESS, *LOSSY])
def test_bytes_changed_in_place_are_told_where_the_code_can_tell(in_syntax, keyword, capfd):
    dataset, stream, truth = in_syntax(keyword)

    @REPEATABLE
    @given(damages("changed"))
    def check(damage: Damage) -> None:
        damaged = damage(stream, header_length(stream, keyword))
        result = outcome(with_stream(dataset, damaged))
        if result is not None and not np.array_equal(result.values, truth):
            assert result.unusable or IS_WHOLE.get(keyword, is_unknown)(damaged, result.values)

    check()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("keyword", [*LOSSLESS, *LOSSY])
def test_a_changed_header_of_a_stream_makes_no_decoder_crash(in_syntax, keyword, capfd):
    dataset, stream, _ = in_syntax(keyword)
    header = header_length(stream, keyword)

    @REPEATABLE
    @given(damages("changed", "lost", "repeated"))
    def check(damage: Damage) -> None:
        outcome(with_stream(dataset, damage(stream[: header + 2]) + stream[header + 2 :]))

    check()
    assert capfd.readouterr().err == ""


NUMBERS = st.sampled_from([0, 1, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 31, 32, 63, 65, 255, 4096, 40_000, 65_535])
WORDS = st.sampled_from(["", "AUTO", "0,07", "1,0\\0,5", "nan", "inf", "-1", "1e400", "0.0", "REMOVED", "12 ", "\x00"])
DESCRIBES_THE_CELLS = (
    "BitsAllocated", "BitsStored", "Columns", "HighBit", "PixelPaddingValue", "PixelRepresentation", "Rows",
)  # fmt: skip
STATES_NUMBERS = (
    "EstimatedRadiographicMagnificationFactor", "FieldOfViewDimensions", "ImageOrientationPatient",
    "ImagePositionPatient", "ImagerPixelSpacing", "NumberOfFrames", "PixelSpacing", "RescaleIntercept",
    "RescaleSlope", "SpacingBetweenSlices", "VOILUTFunction", "WindowCenter", "WindowWidth",
)  # fmt: skip
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(DESCRIBES_THE_CELLS), NUMBERS),
        st.tuples(st.sampled_from((*DESCRIBES_THE_CELLS, *STATES_NUMBERS)), WORDS),
    ),
    min_size=1,
    max_size=3,
)


def with_header(dataset: FileDataset, changes: list[tuple[str, int | str]]) -> FileDataset:
    changed = FileDataset("", dict(dataset._dict), file_meta=dataset.file_meta)
    changed.is_little_endian, changed.is_implicit_VR = dataset.is_little_endian, dataset.is_implicit_VR
    set_raw(changed, changes)
    return changed


@pytest.mark.parametrize("keyword", [*UNCOMPRESSED, *LOSSLESS, *LOSSY])
def test_a_header_changed_at_random_is_refused_told_or_harmless(in_syntax, keyword, capfd):
    dataset, stream, truth = in_syntax(keyword)
    whole = with_stream(dataset, stream)
    outcomes = Counter[str]()

    @REPEATABLE
    @given(CHANGES)
    def check(changes: list[tuple[str, int | str]]) -> None:
        changed = with_header(whole, changes)
        result = outcome(changed)
        outcomes["refused" if result is None else "told" if result.unusable else "true"] += 1
        if result is not None:
            assert np.array_equal(result.values, truth)
            shown = or_refusal(lambda: display_pixels(changed, PATH))
            assert isinstance(shown, InputError) or np.isfinite(shown.pixels).all()

    check()
    assert min(outcomes[kind] for kind in ("refused", "true")) > 20
    assert capfd.readouterr().err == ""


def test_a_deflated_file_that_lost_or_won_bytes_is_refused_or_gives_the_truth(in_syntax, tmp_path):
    dataset, stream, truth = in_syntax("ExplicitVRLittleEndian")
    path, whole = tmp_path / "image.dcm", with_stream(dataset, stream)
    squeezed = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = squeezed.compress(raw_elements(whole)) + squeezed.flush()
    whole.file_meta = FileMetaDataset(whole.file_meta)
    whole.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian
    head = DicomBytesIO()
    write_file_meta_info(head, whole.file_meta)
    meta = b"\0" * 128 + b"DICM" + head.getvalue()
    path.write_bytes(meta + deflated)
    assert np.array_equal(stored_pixels(open_dicom(path, with_pixels=True), path).values, truth)
    outcomes = Counter[str]()

    @REPEATABLE
    @given(damages("lost", "tail lost", "padded", "repeated", "gap"))
    def check(damage: Damage) -> None:
        path.write_bytes(meta + damage(deflated))
        read = or_refusal(lambda: stored_pixels(open_dicom(path, with_pixels=True), path))
        outcomes["refused" if isinstance(read, InputError) else "true"] += 1
        assert isinstance(read, InputError) or np.array_equal(read.values, truth)

    check()
    assert outcomes["refused"] > 100
    assert outcomes["true"] > 20


def test_a_file_whose_header_was_changed_at_random_is_refused_told_or_read(in_syntax, tmp_path):
    dataset, stream, _ = in_syntax("ExplicitVRLittleEndian")
    path, whole = tmp_path / "image.dcm", with_stream(dataset, stream)

    @REPEATABLE
    @given(CHANGES)
    def check(changes: list[tuple[str, int | str]]) -> None:
        path.write_bytes(raw_file(with_header(whole, changes)))
        read = or_refusal(lambda: read_mammogram(path))
        if isinstance(read, InputError):
            assert "the file is damaged" not in str(read)
        else:
            assert bool(read.header.unusable_attributes) == (QualityFlag.UNUSABLE_ATTRIBUTE in read.header.flags)

    check()
