from __future__ import annotations

import os
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mammolens.dicom.opening import FileKind, damage_named, file_kind, first_line, one_line, open_dicom
from mammolens.errors import InputError, NotAMammogramError, PixelDataError, UnsupportedMammogramError


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0" * 128 + b"DICM", FileKind.DICOM),
        (b"\x08\x00\x05\x00CS\x0a\x00", FileKind.DICOM),
        (b"\x02\x00\x00\x00UL\x04\x00", FileKind.DICOM),
        (b"\x89PNG\r\n\x1a\nrest", FileKind.PICTURE),
        (b"\xff\xd8\xff\xe0rest", FileKind.PICTURE),
        (b"P5\n2 2\n255\n", FileKind.PICTURE),
        (b"P5 2 2 255 ", FileKind.PICTURE),
        (b"P5\r\n2 2\n255\n", FileKind.PICTURE),
        (b"P6\n2 2\n255\n", FileKind.OTHER),
        (b"P5x", FileKind.OTHER),
        (b"just a text", FileKind.OTHER),
        (b"\x08", FileKind.OTHER),
        (b"\x00" * 200, FileKind.OTHER),
        (b"NRRD0004\n", FileKind.OTHER),
    ],
)
def test_the_first_bytes_tell_the_kind(tmp_path, head, kind):
    path = tmp_path / "any.name"
    path.write_bytes(head)
    assert file_kind(path) is kind


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.dcm: cannot be read \(No such file .*; check the path and its perm"):
        file_kind(tmp_path / "gone.dcm")


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(NotAMammogramError, match="is a folder, not an image; give the image files in it, one by one"):
        file_kind(tmp_path)


def test_a_named_pipe_is_refused_before_it_blocks(tmp_path):
    os.mkfifo(tmp_path / "pipe.dcm")
    with pytest.raises(NotAMammogramError, match="is a pipe, device or socket, not a file; give the image file"):
        file_kind(tmp_path / "pipe.dcm")


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "empty.dcm").touch()
    with pytest.raises(PixelDataError, match=r"empty\.dcm: the file is empty; copy or export the image again"):
        file_kind(tmp_path / "empty.dcm")


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "secret.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything (root)")
    with pytest.raises(InputError, match=r"secret\.dcm: cannot be read \(Permission denied\); check"):
        file_kind(path)


def test_whatever_a_parser_raises_is_a_damaged_file(tmp_path):
    with (
        pytest.raises(PixelDataError, match=r"^x\.dcm: the file is damaged \(first\); copy or export the image again$"),
        damage_named(Path("x.dcm")),
    ):
        raise LookupError("first\nsecond")


def test_our_own_errors_stay_as_they_are():
    error = NotAMammogramError("x.dcm", "is a report", "give a mammogram")
    with pytest.raises(NotAMammogramError) as raised, damage_named(Path("x.dcm")):
        raise error
    assert raised.value is error


def test_a_quotation_is_one_line():
    assert one_line("a\n b\t c\r\x0bd") == "a b c d"
    assert first_line(ValueError("what\nelse")) == "what"
    assert first_line(ValueError()) == "ValueError"
    assert len(one_line("x" * 1000)) == 200


@pytest.mark.slow
def test_a_deflated_bomb_is_refused_before_it_fills_the_memory(write_dicom, values_of):
    path = write_dicom(values_of(), syntax=DeflatedExplicitVRLittleEndian)
    assert open_dicom(path, with_pixels=True).PatientID == "PHANTOM-1"
    file_meta = path.read_bytes()[: 132 + 12 + open_dicom(path, with_pixels=False).file_meta[0x00020000].value]
    deflater, zeros = zlib.compressobj(9, wbits=-zlib.MAX_WBITS), bytes(1 << 20)
    start = deflater.compress(b"\xe0\x7f\x10\x00OW\0\0" + (257 << 20).to_bytes(4, "little"))
    inflated = start + b"".join(deflater.compress(zeros) for _ in range(257)) + deflater.flush()
    path.write_bytes(file_meta + inflated)
    tracemalloc.start()
    try:
        assert "PixelData" not in open_dicom(path, with_pixels=False)  # for which it is not inflated
        with pytest.raises(UnsupportedMammogramError, match=r"holds more than 7\d MiB once inflated; export the image"):
            open_dicom(path, with_pixels=True)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_reading_leaves_the_filters_for_warnings_alone(write_dicom, values_of):
    """``warnings.catch_warnings`` is not safe in threads: it may leave them changed."""
    path, before = write_dicom(values_of(), PixelData=values_of().tobytes() + b"\0" * 6), list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_dicom(path, with_pixels=True).pixel_array, range(50)))
    assert list(warnings.filters) == before
