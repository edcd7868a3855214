from collections import namedtuple

import pytest

from mammolens.diagnostics.folders import check_folder, check_folders

Usage = namedtuple("Usage", "total used free")


def test_a_folder_is_written_to_and_left_as_it_was(tmp_path):
    writable, room = check_folder("here", tmp_path)
    assert (writable.status, room.status) == ("ok", "ok")
    assert "GB free" in room.detail
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_still_to_be_made_is_tried_where_it_would_be(tmp_path):
    writable, _ = check_folder("there", tmp_path / "not" / "yet")
    assert writable.status == "ok"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_fails(tmp_path):
    (tmp_path / "file").write_text("no folder")
    (check,) = check_folder("there", tmp_path / "file" / "below")  # for root, too, to whom permissions mean nothing
    assert check.status == "failed"
    assert "Not a directory" in check.detail
    assert check.remedy


def test_permissions_are_tried_not_read(tmp_path, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mammolens.diagnostics.folders.write_text", refused)
    (check,) = check_folder("there", tmp_path)
    assert check.status == "failed"
    assert "Permission denied" in check.detail
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("free", "status"), [(1e8, "failed"), (1e9, "warning"), (1e10, "ok")])
def test_little_room_is_a_warning_and_none_fails(tmp_path, monkeypatch, free, status):
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, free))
    _, room = check_folder("here", tmp_path)
    assert room.status == status


def test_the_temporary_folder_is_always_checked(tmp_path):
    assert [check.name for check in check_folders([tmp_path])][::2] == ["temporary folder", str(tmp_path)]
