"""Files that are either whole or not there, and their checksums."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammolens.errors import MammoLensError, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TEMPORARY = re.compile(r"\.[a-z0-9_]{8}(\.[^.]+){0,2}")  # as _made names what atomic_file asks for
_NOT_SYNCED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES}  # by some file systems, mostly folders
_NOT_LOCKED = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP}  # by some network drives
_LEFT_OVER_S = 600.0  # a file that was not written to for so long is nobody's any more


@contextmanager
def atomic_file(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path``, with the same suffixes, and move it there on success.

    A reader sees the old file or the new one, never half of it, also after a crash or a power cut. Who may read it is
    what the process's umask says.

    Args:
        path: of the file.
        synced: also after a power cut, for which content and name wait for the disk; without, much faster for many
            files that can be made again.

    Raises:
        StorageError: the disk is full; ``errno`` says how.
    """
    with _full_disk_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _made(path)
        try:
            with _locked(temporary):
                yield temporary
                if synced:
                    _sync(temporary)  # else a power cut may leave the new name with nothing in it
                temporary.replace(path)
                if synced:
                    _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def removed_if_it_fails(path: Path) -> Iterator[None]:
    """Remove a file if what is done with it raises."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_leftovers(folder: Path) -> None:
    """Remove what :func:`atomic_file` of a killed process left in a folder.

    What is being written now stays, even if it looks old because the clock was set.
    """
    for path in folder.glob(".*"):
        try:
            if _TEMPORARY.fullmatch(path.name) and path.stat().st_mtime < time.time() - _LEFT_OVER_S:
                with _locked(path):
                    path.unlink(missing_ok=True)
        except (FileNotFoundError, BlockingIOError):
            continue  # another process was quicker, or writes it


def _made(path: Path) -> Path:
    """An empty file beside ``path``, hidden, with the same suffixes; not by mkstemp, which overrules the umask."""
    while True:
        made = path.with_name(f".{secrets.token_hex(4)}{''.join(path.suffixes[-2:])}")
        try:
            made.touch(exist_ok=False)
        except FileExistsError:
            continue
        return made


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a file as one that is being written; a killed process holds none.

    Raises:
        BlockingIOError: another one holds it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NOT_LOCKED:
                raise
        yield
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    """Have a file's content, or a folder's entries, on the disk itself before going on."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise


@contextmanager
def _full_disk_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, MammoLensError) or error.errno not in _FULL:
            raise
        full = StorageError(path.parent, f"the disk is full ({os.strerror(error.errno)})", "free some space")
        full.errno = error.errno
        raise full from error


def sha256_of(path: Path, refusal: type[MammoLensError]) -> str:
    """The SHA-256 of a file's content, as hexadecimal text.

    Raises:
        refusal: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise refusal(path, f"cannot be read ({error.strerror})", "check its permissions and its disk") from error
