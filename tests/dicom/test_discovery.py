from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammolens.dicom.discovery import find_images
from mammolens.errors import InputError


@pytest.fixture
def a_folder(write_dicom, values_of, tmp_path: Path) -> Path:
    for name in ("series/b.dcm", "series/a", "z.dcm", "DICOMDIR", ".hidden/c.dcm", "series/.d.dcm"):
        write_dicom(values_of(), name=name)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "picture.png")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "broken link.dcm").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_images_are_found_deeply_and_in_order(a_folder):
    found = [str(path.relative_to(a_folder)) for path in find_images([a_folder])]
    assert found == ["picture.png", "series/a", "series/b.dcm", "z.dcm"]


def test_a_file_that_is_named_is_kept_whatever_it_is(a_folder):
    named = [a_folder / "notes.txt", a_folder / "z.dcm", a_folder / "notes.txt"]
    assert find_images(named) == named[:2]


def test_a_file_is_listed_once_where_it_was_named_first(a_folder):
    found = find_images([a_folder / "z.dcm", a_folder])
    assert found[0] == a_folder / "z.dcm"
    assert len(found) == len(set(found)) == 4


def test_a_folder_below_a_hidden_one_is_searched_when_it_is_named(a_folder):
    assert [path.name for path in find_images([a_folder / ".hidden"])] == ["c.dcm"]


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone: does not exist; check the path$"):
        find_images([tmp_path / "gone"])


def test_a_folder_without_images_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(InputError, match="contains no DICOM, PNG or JPEG file; give the folder with the mammograms"):
        find_images([tmp_path])
