from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from mammolens.errors import StorageError
from mammolens.files import atomic_file, remove_leftovers, write_text


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_is_there_when_it_is_whole_and_not_before(tmp_path):
    path = tmp_path / "new" / "map.nii.gz"
    with atomic_file(path) as temporary:
        temporary.write_bytes(b"half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".")
        assert temporary.suffixes[-2:] == [".nii", ".gz"]
    assert path.read_bytes() == b"half"
    assert names(path.parent) == ["map.nii.gz"]


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, fault):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail() -> None:
        with atomic_file(path) as temporary:
            temporary.write_text("half of the new")
            raise fault

    with pytest.raises(fault):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failing_move_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match="the disk is full .No space left.*free some space") as told:
        write_text(path, "new")
    assert told.value.errno == 28
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_other_faults_of_the_disk_come_as_they_are(tmp_path):
    with pytest.raises(OSError, match="Permission denied") as told, atomic_file(tmp_path / "a.txt"):
        raise PermissionError(13, "Permission denied")
    assert not isinstance(told.value, StorageError)


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    def abandoned(path: Path) -> Path:
        with atomic_file(path) as temporary:
            (left := temporary.with_name(temporary.name)).touch()
        return left

    left, young = abandoned(tmp_path / "a.dcm"), abandoned(tmp_path / "b.nii.gz")
    for path in (left, young):
        path.write_bytes(b"half")
    for path in (left, tmp_path / ".lock", tmp_path / ".mammolens.lock", tmp_path / "abcdefgh.dcm"):
        path.touch()
        os.utime(path, (time.time() - 3600,) * 2)
    remove_leftovers(tmp_path)
    assert sorted(names(tmp_path)) == sorted(
        [young.name, ".lock", ".mammolens.lock", "a.dcm", "abcdefgh.dcm", "b.nii.gz"]
    )


def test_what_is_being_written_stays_however_old_a_clock_that_was_set_makes_it_look(tmp_path):
    path = tmp_path / "a.dcm"
    with atomic_file(path) as temporary:
        os.utime(temporary, (0, 0))
        remove_leftovers(tmp_path)
        temporary.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_who_may_read_what_is_written_is_what_the_umask_says(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_it_goes_on(tmp_path, monkeypatch):
    path, order = tmp_path / "a.txt", []
    sync, replace = os.fsync, Path.replace

    def noted(descriptor: int) -> None:
        status = os.fstat(descriptor)
        order.append("folder" if status.st_ino == tmp_path.stat().st_ino else f"file of {status.st_size}")
        sync(descriptor)

    def moved(self: Path, target: Path) -> Path:
        order.append("move")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", moved)
    write_text(path, "text")
    assert order == ["file of 4", "move", "folder"]


def test_text_is_utf_8_whatever_the_locale_says(tmp_path):
    write_text(tmp_path / "a.txt", "Ärztin \N{GREEK SMALL LETTER ALPHA}")
    assert (tmp_path / "a.txt").read_bytes().decode("utf-8") == "Ärztin \N{GREEK SMALL LETTER ALPHA}"


def test_readers_see_the_old_text_or_the_new_one_while_many_write(tmp_path):
    path, seen, done = tmp_path / "a.txt", set(), threading.Event()
    texts = [str(number) * 50_000 for number in range(4)]
    write_text(path, texts[0])

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=lambda text=text: [write_text(path, text) for _ in range(20)]) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()
    assert seen <= set(texts)
    assert names(tmp_path) == ["a.txt"]
