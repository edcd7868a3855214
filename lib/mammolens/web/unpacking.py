"""Untrusted archives: unpack only images, within limits on number and size."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Final, Protocol

from mammolens.errors import InputError, MammoLensError

_PIECE: Final = 1 << 20
_LARGEST_DIRECTORY: Final = 4 << 20  # bytes: some 30000 files
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Python inflates the others without a bound
_OF_CONTENT: Final = (None, errno.EINVAL)  # errno of an OSError that the archive is to blame for, not the disk
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_PASSED_OVER: Final = "Thumbs.db"
_ENCRYPTED: Final = 0x1  # general purpose bit flag, bit 0 (APPNOTE 4.4.4)


class Readable(Protocol):
    """An uploaded file or a member of an archive."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


@dataclass(slots=True)
class UploadLimits:
    """What is left of an upload's limits."""

    files: int
    content: int
    entries: int = 20_000  # of archives, of any type

    def spend_entry(self, name: str) -> None:
        """Count one more entry of an archive.

        Raises:
            InputError: there are too many.
        """
        if self.entries < 1:
            raise InputError(name, "contains too many other files", "upload an archive of mammograms only")
        self.entries -= 1

    def spend_file(self, name: str) -> None:
        """One more file.

        Raises:
            InputError: there are too many.
        """
        if self.files < 1:
            raise InputError(name, "the upload has too many files", "upload fewer at once")
        self.files -= 1

    def spend(self, count: int, name: str) -> None:
        """So many more bytes.

        Raises:
            InputError: there are too many.
        """
        if count > self.content:
            raise InputError(name, "exceeds the size limit of one upload", "upload fewer or smaller images at once")
        self.content -= count


def is_archive(file: IO[bytes]) -> bool:
    """Whether the content is a zip archive; the file is read from its beginning afterwards."""
    found = zipfile.is_zipfile(file)
    file.seek(0)
    return found


class _InBounds:
    """A file of which nothing larger than an honest archive's directory is read at once, as opening one does."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = b"" if size > _LARGEST_DIRECTORY else self._file.read(size if size >= 0 else _LARGEST_DIRECTORY + 1)
        if max(size, len(content)) > _LARGEST_DIRECTORY:
            raise InputError(self._name, "contains too many other files", "upload an archive of mammograms only")
        return content


def members(file: IO[bytes], name: str, limits: UploadLimits) -> Iterator[tuple[str, zipfile.ZipExtFile]]:
    """The files of an archive with their base names; folders and hidden files are passed over.

    Only names are taken from it, never a path or a link, so that nothing is written anywhere else.

    Args:
        file: the archive.
        name: shown to users.
        limits: of which each entry is one.

    Raises:
        InputError: protected by a password, packed in an unusual way, or too many entries.
        zipfile.BadZipFile: damaged; see :func:`damage_of_archive`.
    """
    with zipfile.ZipFile(_InBounds(file, name)) as archive:
        for info in archive.infolist():
            limits.spend_entry(name)
            if info.is_dir() or _passed_over(info.filename):
                continue
            if info.flag_bits & _ENCRYPTED:
                raise InputError(name, "is password-protected", "unpack it, then upload the images")
            if info.compress_type not in _METHODS:
                raise InputError(
                    name, "uses an unsupported compression method", "pack it as an ordinary zip archive (Deflate)"
                )
            with archive.open(info) as member:
                assert isinstance(member, zipfile.ZipExtFile)
                yield PurePosixPath(info.filename).name, member


@contextmanager
def damage_of_archive(name: str) -> Iterator[None]:
    """Turn what a damaged archive raises while its members are read into an InputError that names it."""
    try:
        yield
    except MammoLensError:  # some are a ValueError, too
        raise
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in _OF_CONTENT:
            raise
        raise InputError(name, "is a damaged archive", "pack it again, or upload the images themselves") from error


def copied(source: Readable, target: IO[bytes], limits: UploadLimits, name: str) -> None:
    """Copy the actual content, regardless of the size that the archive declares.

    Raises:
        InputError: it is more than is left of the limits.
    """
    while piece := source.read(_PIECE):
        limits.spend(len(piece), name)
        target.write(piece)


def _passed_over(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not parts or parts[-1] == _PASSED_OVER or any(part.startswith((".", "__MACOSX")) for part in parts)
