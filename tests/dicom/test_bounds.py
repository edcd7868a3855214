from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from mammolens.dicom import bounds
from mammolens.dicom.bounds import DEEPEST, LONGEST_TEXT, MOST_ELEMENTS, MOST_FRAGMENTS, refuse_excess
from mammolens.dicom.discovery import ImageFinder
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.errors import InputError, PixelDataError, UnsupportedMammogramError

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
VIEW_CODE_SEQUENCE = (0x0054, 0x0220)


def delimiter(element: int, length: int = 0) -> bytes:
    return struct.pack("<HHI", 0xFFFE, element, length)


def sequence(content: bytes, *, explicit: bool, length: int | None = None, vr: bytes = b"SQ") -> bytes:
    start = struct.pack("<HH", *VIEW_CODE_SEQUENCE) + (vr + b"\0\0" if explicit else b"")
    return start + struct.pack("<I", len(content) if length is None else length) + content


@pytest.fixture
def write_raw(write_dicom, values_of, tmp_path):
    """Write a mammogram's header with other bytes behind it, deflated where the syntax says so."""

    def write(content: bytes, syntax: str = ExplicitVRLittleEndian, name: str = "raw.dcm"):
        path = write_dicom(values_of(), syntax=syntax, name=name)
        whole = path.read_bytes()
        start = 132 + 12 + open_dicom(path, with_pixels=False).file_meta[0x00020000].value
        if syntax == DeflatedExplicitVRLittleEndian:
            deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
            path.write_bytes(whole[:start] + deflater.compress(content) + deflater.flush())
        else:
            path.write_bytes(whole[:start] + content)
        return path

    return write


EXCESSES = {
    "items": lambda count: sequence(delimiter(ITEM) * count, explicit=True),
    "items in an unknown VR": lambda count: sequence(delimiter(ITEM) * count, explicit=True, vr=b"UN"),
    "items up to a delimiter": lambda count: sequence(
        delimiter(ITEM) * count + delimiter(SEQUENCE_END), explicit=True, length=UNDEFINED
    ),
    "elements": lambda count: struct.pack("<HH2sH", 9, 0x1010, b"LO", 0) * count,
    "elements of one item": lambda count: sequence(
        delimiter(ITEM, 8 * count) + struct.pack("<HH2sH", 8, 0x100, b"SH", 0) * count, explicit=True
    ),
}


@pytest.mark.parametrize(
    ("excess", "syntax"),
    [*((excess, ExplicitVRLittleEndian) for excess in EXCESSES), ("items", DeflatedExplicitVRLittleEndian)],
    ids=[*EXCESSES, "items, deflated"],
)
def test_too_many_elements_are_refused_before_memory_is_taken_for_them(write_raw, monkeypatch, excess, syntax):
    monkeypatch.setattr(bounds, "MOST_ELEMENTS", 5_000)
    path = write_raw(EXCESSES[excess](15_000), syntax)
    tracemalloc.start()
    try:
        for read in (read_header, read_mammogram):
            with pytest.raises(UnsupportedMammogramError, match=r"raw.dcm: has more than 5,000 elements; "):
                read(path)
        assert tracemalloc.get_traced_memory()[1] < 3 << 20
    finally:
        tracemalloc.stop()


def test_items_without_explicit_vr_are_counted_too(write_raw):
    path = write_raw(sequence(delimiter(ITEM) * (MOST_ELEMENTS + 1), explicit=False), ImplicitVRLittleEndian)
    with pytest.raises(UnsupportedMammogramError, match=f"more than {MOST_ELEMENTS:,} elements"):
        read_header(path)


def test_such_a_file_is_listed_so_that_the_reader_says_why(write_raw, tmp_path):
    path = write_raw(EXCESSES["items"](MOST_ELEMENTS + 1))
    assert ImageFinder(tmp_path).find().images == (path,)


@pytest.mark.parametrize("length", [UNDEFINED, None], ids=["delimited", "defined"])
def test_deep_nesting_is_refused(write_raw, length):
    content = b""
    for _ in range(DEEPEST + 1):
        end = delimiter(ITEM_END) if length else b""
        content = sequence(
            delimiter(ITEM, length or len(content)) + content + end + (delimiter(SEQUENCE_END) if length else b""),
            explicit=True,
            length=length,
        )
    with pytest.raises(UnsupportedMammogramError, match=f"nested more than {DEEPEST} deep"):
        read_header(write_raw(content))


def test_a_patient_id_of_megabytes_is_refused_by_name(write_raw):
    text = struct.pack("<HHI", 0x10, 0x20, 5_000_000) + b"x" * 5_000_000
    with pytest.raises(UnsupportedMammogramError, match=f"PatientID has 5,000,000 bytes, more than {LONGEST_TEXT:,}"):
        read_header(write_raw(text, ImplicitVRLittleEndian))
    unknown = struct.pack("<HH2sHI", 0x10, 0x20, b"UN", 0, 5_000_000) + b"x" * 5_000_000
    with pytest.raises(UnsupportedMammogramError, match="PatientID has"):
        read_header(write_raw(unknown))


def test_too_many_fragments_are_refused_before_they_are_joined(write_dicom, values_of):
    path = write_dicom(values_of(), syntax=JPEG2000Lossless)
    whole = path.read_bytes()
    start = whole.index(delimiter(ITEM)[:4])
    path.write_bytes(whole[:start] + delimiter(ITEM) * (MOST_FRAGMENTS + 1) + delimiter(SEQUENCE_END))
    with pytest.raises(UnsupportedMammogramError, match=f"in more than {MOST_FRAGMENTS:,} fragments"):
        read_mammogram(path)
    assert read_header(path).patient_id


def test_a_deflated_data_set_may_not_grow_beyond_what_pixels_can(write_raw):
    path = write_raw(
        struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 1 << 26) + bytes(1 << 26), DeflatedExplicitVRLittleEndian
    )
    with pytest.raises(UnsupportedMammogramError, match="MiB once inflated"):
        read_mammogram(path)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        JPEG2000Lossless,
    ],
    ids=["implicit", "explicit", "big-endian", "deflated", "encapsulated"],
)
@pytest.mark.parametrize("nested", [1, DEEPEST])
def test_what_a_mammogram_may_have_is_let_through(write_dicom, values_of, syntax, nested):
    inner = Dataset()
    inner.CodeMeaning = "x" * 64
    for _ in range(nested - 1):
        outer = Dataset()
        outer.ViewCodeSequence = Sequence([inner])
        inner = outer
    path = write_dicom(values_of(), syntax=syntax, AcquisitionContextSequence=Sequence([inner] * 20))
    for with_pixels in (True, False):
        refuse_excess(path, with_pixels=with_pixels)


@pytest.mark.parametrize("cut", range(0, 2000, 37))
def test_a_file_cut_anywhere_is_left_to_the_parser(write_dicom, values_of, cut):
    path = write_dicom(values_of(), syntax=JPEG2000Lossless)
    path.write_bytes(path.read_bytes()[:cut])
    refuse_excess(path, with_pixels=True)


def _small_jpeg_that_claims(rows: int, columns: int, tmp_path) -> bytes:
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / "small.jpg")
    stream = bytearray((tmp_path / "small.jpg").read_bytes())
    frame = stream.index(b"\xff\xc0")
    stream[frame + 5 : frame + 9] = struct.pack(">HH", rows, columns)
    return bytes(stream).ljust(8_000, b"\0")


def test_a_small_jpeg_that_claims_a_hundred_million_pixels_is_refused_before_it_is_decoded(
    write_dicom, values_of, tmp_path
):
    stream = _small_jpeg_that_claims(10_000, 10_000, tmp_path)
    picture = tmp_path / "claims.jpg"
    picture.write_bytes(stream)
    dicom = write_dicom(
        values_of(8), syntax=JPEGBaseline8Bit, frame=stream, Rows=10_000, Columns=10_000, BitsAllocated=8, BitsStored=8
    )
    for path in (picture, dicom):
        tracemalloc.start()
        try:
            with pytest.raises(PixelDataError, match=r"8,000 bytes cannot hold the 10000 x 10000 pixels"):
                read_mammogram(path)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


def test_refusals_are_input_errors_that_name_file_and_remedy(write_raw):
    with pytest.raises(InputError, match=r"raw\.dcm: .*; export the image again"):
        read_header(write_raw(EXCESSES["elements"](MOST_ELEMENTS + 1)))
