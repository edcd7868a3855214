"""Originals of a PACS on this disk: no more than a limit, those longest unused go first."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mammolens.errors import StorageError
from mammolens.files import remove_leftovers

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Original:
    path: Path
    size: int
    used_at: float


class OriginalsCache:
    """A folder of files that can be had again; several processes may use it.

    When a file was last used is stored as its access time, which is set here and not by reading, so that it works
    on disks that do not record it. A file counts as in use for ``in_use_seconds`` after it was handed out, and is not
    removed meanwhile, not even above the limit. If the clock was set back, files that were used in what is now the
    future count as unused.

    Args:
        folder: holds nothing else; made if need be. What a killed server left half-written is removed.
        limit_bytes: what the files may take together.
    """

    def __init__(self, folder: Path, limit_bytes: int, *, in_use_seconds: float = 600.0) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._in_use_seconds = in_use_seconds
        self._lock = threading.Lock()
        self._fetching: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)

    def path(self, name: str) -> Path:
        """Where the file of that name is, or would be."""
        return self._folder / name

    def get(self, name: str, fetch: Callable[[Path], None]) -> Path:
        """Path of a file, in use from now on; ``fetch`` writes it if it is not there, whole or not at all.

        Raises:
            StorageError: the disk is full, and nothing here is left to remove.
        """
        path = self.path(name)
        with self._one_for(name):  # two requests for one image fetch it once
            if not _used(path):
                self.with_room(lambda: fetch(path))
                _used(path)
                self._shrink(self._limit_bytes)
        return path

    def with_room(self, write: Callable[[], T]) -> T:
        """Do what writes; where the disk is full, remove every original that is not in use and do it once more.

        Raises:
            StorageError: the disk is full, and nothing here is left to remove.
        """
        try:
            return write()
        except StorageError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._shrink(0):
                raise
            _log.warning("the disk is full: removed the originals that are not in use")
            return write()

    @contextmanager
    def _one_for(self, name: str) -> Iterator[None]:
        with self._lock:
            mine = self._fetching[name]
        try:
            with mine:
                yield
        finally:
            with self._lock:
                self._fetching.pop(name, None)

    def _shrink(self, limit: int) -> bool:
        with self._lock:
            remove_leftovers(self._folder)
            originals = _originals(self._folder)
            now = time.time()
            originals.sort(key=lambda original: self._last_use(original, now))
            total = sum(original.size for original in originals)
            removed = False
            for original in originals:
                if total <= limit or self._last_use(original, now) > now - self._in_use_seconds:
                    break
                original.path.unlink(missing_ok=True)
                total -= original.size
                removed = True
            return removed

    def _last_use(self, original: _Original, now: float) -> float:
        return original.used_at if original.used_at < now + self._in_use_seconds else 0.0


def _used(path: Path) -> bool:
    """Note that a file is used now; whether it is there."""
    try:
        modified = path.stat().st_mtime_ns  # unchanged: others detect changed files by it
        os.utime(path, ns=(time.time_ns(), modified))
    except FileNotFoundError:
        return False
    return True


def _originals(folder: Path) -> list[_Original]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    found.append(_Original(Path(entry.path), status.st_size, status.st_atime))
            except FileNotFoundError:
                continue  # another process was quicker
    return found
