"""Files that are either whole or not there."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammolens.errors import MammoLensError, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TEMPORARY = re.compile(r"\.[a-z0-9_]{8}(\.[^.]+){0,2}")  # as mkstemp names what whole_file asks for
_LEFT_OVER_S = 600.0  # a file that was not written to for so long is nobody's any more


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``, with the same suffixes, and move it there on success.

    A reader sees the old file or the new one, never half of it, also after a crash.

    Raises:
        StorageError: the disk is full; ``errno`` says how.
    """
    with _full_disk_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix="".join(path.suffixes[-2:]))
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_leftovers(folder: Path) -> None:
    """Remove what :func:`whole_file` of a killed process left in a folder; what is being written now stays."""
    for path in folder.glob(".*"):
        try:
            if _TEMPORARY.fullmatch(path.name) and path.stat().st_mtime < time.time() - _LEFT_OVER_S:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process was quicker


@contextmanager
def _full_disk_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, MammoLensError) or error.errno not in _FULL:
            raise
        told = StorageError(path.parent, f"the disk takes no more ({os.strerror(error.errno)})", "free some space")
        told.errno = error.errno
        raise told from error
