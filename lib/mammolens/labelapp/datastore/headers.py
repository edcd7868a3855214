"""Headers of image files, each read once as long as the file stays the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from cachetools import LRUCache

from mammolens.dicom.reader import read_header
from mammolens.types import ImageHeader

_KEPT = 100_000  # about 1 kB each


class HeaderCache:
    """Reads headers; safe to use from several threads."""

    def __init__(self, read: Callable[[Path], ImageHeader] = read_header) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._headers: LRUCache[tuple[Path, int, int], ImageHeader] = LRUCache(_KEPT)

    def header(self, path: Path) -> ImageHeader:
        """The header of a file.

        Raises:
            InputError: the file is no mammogram, or is gone.
        """
        try:
            status = path.stat()
        except OSError:
            return self._read(path)  # which says what is wrong with it
        key = (path, status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._headers.get(key)
        if known is None:
            known = self._read(path)
            with self._lock:
                self._headers[key] = known
        return known
