import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mammolens.errors import StorageError
from mammolens.files import atomic_file
from mammolens.labelapp.datastore.cache import OriginalsCache


def writing(size: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with atomic_file(path) as temporary:
            temporary.write_bytes(b"x" * size)

    return write


def never(path: Path) -> None:
    raise AssertionError(f"{path} is fetched again")


def age(path: Path, seconds: float) -> None:
    """As if it had been used last this many seconds ago; its modification stays."""
    os.utime(path, (time.time() - seconds, path.stat().st_mtime))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 1000)
    assert cache.get("a", writing(10)) == cache.get("a", never) == tmp_path / "a"


def test_those_longest_unused_go_first(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 250)
    for name, last_used in (("a", 3000), ("b", 5000), ("c", 4000)):
        age(cache.get(name, writing(100)), last_used)
    cache.get("d", writing(100))
    assert names(tmp_path) == ["a", "d"]


def test_use_counts_and_not_the_time_of_the_download(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 250)
    for name in ("a", "b"):
        age(cache.get(name, writing(100)), 5000)
    changed = (tmp_path / "a").stat().st_mtime_ns
    cache.get("a", never)
    cache.get("c", writing(100))
    assert names(tmp_path) == ["a", "c"]
    assert (tmp_path / "a").stat().st_mtime_ns == changed


def test_a_file_in_use_stays_even_above_the_limit(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 150, in_use_seconds=60)
    for name in ("a", "b", "c"):
        cache.get(name, writing(100))
    assert names(tmp_path) == ["a", "b", "c"]
    age(tmp_path / "b", 61)
    age(tmp_path / "a", 62)
    cache.get("d", writing(10))
    assert names(tmp_path) == ["c", "d"]


def test_files_used_in_the_future_of_a_clock_that_was_set_back_go_first(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 250)
    for name, last_used in (("a", 3000), ("b", -3600), ("c", 2000)):
        age(cache.get(name, writing(100)), last_used)
    assert names(tmp_path) == ["a", "c"]


def test_on_a_full_disk_what_is_not_in_use_makes_room(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 1000)
    age(cache.get("old", writing(100)), 5000)
    cache.get("used", writing(100))

    def full_until_there_is_room(path: Path) -> None:
        with atomic_file(path) as temporary:
            if (tmp_path / "old").exists():
                raise OSError(28, "No space left on device")
            temporary.write_bytes(b"new")

    assert cache.get("new", full_until_there_is_room).read_bytes() == b"new"
    assert names(tmp_path) == ["new", "used"]


def test_a_full_disk_with_nothing_to_remove_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 1000)

    def full(path: Path) -> None:
        with atomic_file(path):
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="the disk is full"):
        cache.get("a", full)
    assert names(tmp_path) == []
    assert cache.get("a", writing(10)).exists()


def test_requests_for_the_same_file_fetch_it_once(tmp_path: Path) -> None:
    cache = OriginalsCache(tmp_path, 1000)
    fetched: list[Path] = []

    def slowly(path: Path) -> None:
        fetched.append(path)
        time.sleep(0.1)
        writing(10)(path)

    threads = [threading.Thread(target=cache.get, args=("a", slowly)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetched == [tmp_path / "a"]


def test_a_half_written_file_of_a_killed_server_is_removed_at_start(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a.dcm") as temporary:
        left = temporary.name
    (tmp_path / left).write_bytes(b"half")
    os.utime(tmp_path / left, (time.time() - 3600,) * 2)
    OriginalsCache(tmp_path, 1000)
    assert names(tmp_path) == ["a.dcm"]
