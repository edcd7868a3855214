from pathlib import Path

import pytest

from mammolens.dicom.reader import read_header
from mammolens.errors import InputError
from mammolens.labelapp.datastore.headers import HeaderCache
from mammolens.types import ImageHeader


def test_a_header_is_read_once_as_long_as_the_file_stays_the_same(a_studies_folder: Path) -> None:
    read: list[Path] = []

    def count(path: Path) -> ImageHeader:
        read.append(path)
        return read_header(path)

    headers = HeaderCache(count)
    first, second, *_ = sorted(a_studies_folder.rglob("*.dcm"))
    assert headers.header(first) is headers.header(first)
    first.write_bytes(second.read_bytes() + b"\0\0")
    assert headers.header(first).sop_instance_uid == read_header(second).sop_instance_uid
    assert len(read) == 2


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.dcm"):
        HeaderCache().header(tmp_path / "gone.dcm")
