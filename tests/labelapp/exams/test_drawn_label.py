from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from mammolens.errors import RequestError
from mammolens.labelapp.exams.drawn_label import is_drawn

HEADER = "NRRD0004\ntype: {kind}\ndimension: 2\nsizes: {sizes}\nencoding: {encoding}\n"
HERE = {"kind": "uint8", "sizes": "4 4", "encoding": "raw"}


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # else it holds the time


def _nrrd(path: Path, lines: str = "", pixels: bytes = bytes(16), **header: str) -> Path:
    path.write_bytes((HEADER.format(**(HERE | header)) + lines + "\n").encode() + pixels)
    return path


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_whole_files_tell_whether_anything_is_drawn(tmp_path: Path, suffix: str, kind: type[np.generic]) -> None:
    label = np.zeros((1, 8, 6), kind)
    for drawn in (False, True):
        label[0, 2, 3] = drawn
        sitk.WriteImage(sitk.GetImageFromArray(label), str(tmp_path / f"label{suffix}"), useCompression=True)
        assert is_drawn(tmp_path / f"label{suffix}") is drawn


@pytest.mark.parametrize("field", ["data file", "datafile", "DATA FILE"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_label_may_not_name_another_file_of_the_server(tmp_path: Path, field: str, end: str) -> None:
    (tmp_path / "secret").write_bytes(b"\1" * 16)
    text = HEADER.format(**HERE) + f"{field}: {tmp_path / 'secret'}\n\n"
    (tmp_path / "label.nrrd").write_bytes(text.replace("\n", end).encode())
    with pytest.raises(RequestError, match=r"refers to another file for its pixels|has no end"):
        is_drawn(tmp_path / "label.nrrd")


@pytest.mark.parametrize("skip", ["byte skip: -1", "line skip: 2"])
def test_a_label_may_not_skip_over_data_without_end(tmp_path: Path, skip: str) -> None:
    with pytest.raises(RequestError, match="refers to another file for its pixels"):
        is_drawn(_nrrd(tmp_path / "label.nrrd", f"{skip}\n"))


def test_a_small_file_that_unpacks_to_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    # without pixels: whoever tries to read them says that they are missing
    many = _nrrd(tmp_path / "many.nrrd", pixels=b"", sizes="20000 10000", encoding="gzip")
    wide = _nrrd(tmp_path / "wide.nrrd", "endian: little\n", b"", kind="double", sizes="5000 5000", encoding="gzip")
    nifti = tmp_path / "label.nii.gz"
    nifti.write_bytes(_gzipped_zeros(200_000_000))
    for file in (many, wide, nifti):
        with pytest.raises(RequestError, match="label: has more than 100 MB when it is unpacked"):
            is_drawn(file)


def test_a_file_is_what_its_name_says_or_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((4, 4), np.uint8)), str(tmp_path / "label.png"))
    with pytest.raises(RequestError, match=r"is neither \.nrrd nor \.nii\.gz"):
        is_drawn(tmp_path / "label.png")
    (tmp_path / "label.png").rename(tmp_path / "label.nrrd")
    with pytest.raises(RequestError, match=r"^label: .* send a whole"):
        is_drawn(tmp_path / "label.nrrd")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("x.nrrd", b"", id="nrrd-empty"),
        pytest.param("x.nrrd", b"NRRD0004\n\n", id="nrrd-no-fields"),
        pytest.param("x.nii.gz", b"", id="nifti-empty"),
        pytest.param("x.nii.gz", b"\x1f\x8bhalf", id="nifti-no-gzip"),
        pytest.param("x.nii.gz", _gzipped(struct.pack("<i", 348) + bytes(400)), id="nifti-no-header"),
        pytest.param("x.nii.gz", _gzipped(bytes(100))[:-4], id="nifti-cut"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match="send a whole"):
        is_drawn(tmp_path / name)


def _gzipped_zeros(length: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(length >> 20)) + packer.flush()
