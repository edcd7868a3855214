"""Archives of strangers: only names that can be images are unpacked, so many and so large as is allowed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Final

from mammolens.errors import InputError

_PIECE: Final = 1 << 20
_PASSED_OVER: Final = ("DICOMDIR", "Thumbs.db")
_ENCRYPTED: Final = 0x1  # general purpose bit flag, bit 0 (APPNOTE 4.4.4)


@dataclass(slots=True)
class Allowance:
    """What is left of a drop's limits; what is spent stays spent."""

    files: int
    content: int

    def spend_file(self, name: str) -> None:
        """One more file.

        Raises:
            InputError: there are too many.
        """
        if self.files < 1:
            raise InputError(name, "there are more files than one drop may hold", "drop fewer at once")
        self.files -= 1

    def spend(self, count: int, name: str) -> None:
        """So many more bytes.

        Raises:
            InputError: there are too many.
        """
        if count > self.content:
            raise InputError(name, "is too large for what is left of one drop", "drop fewer or smaller images at once")
        self.content -= count


def is_archive(file: IO[bytes]) -> bool:
    """Whether the content is a zip archive; the file is read from its beginning afterwards."""
    found = zipfile.is_zipfile(file)
    file.seek(0)
    return found


def members(file: IO[bytes], name: str) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of an archive with their base names; folders, hidden files and indices are passed over.

    Only names are taken from it, never a path or a link, so that nothing is written anywhere else.

    Args:
        file: the archive.
        name: that people know it by.

    Raises:
        InputError: protected by a password.
        zipfile.BadZipFile: damaged; see :func:`damage_of_archive`.
    """
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir() or _passed_over(info.filename):
                continue
            if info.flag_bits & _ENCRYPTED:
                raise InputError(name, "is protected by a password", "unpack it, then drop the images")
            with archive.open(info) as member:
                yield PurePosixPath(info.filename).name, member


@contextmanager
def damage_of_archive(name: str) -> Iterator[None]:
    """Turn what a damaged archive raises while its members are read into an InputError that names it."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise InputError(name, "is a damaged archive", "pack it again, or drop the images themselves") from error


def copied(source: IO[bytes], target: IO[bytes], allowance: Allowance, name: str) -> None:
    """Copy what is really there, whatever an archive declares.

    Raises:
        InputError: it is more than is left of the limits.
    """
    while piece := source.read(_PIECE):
        allowance.spend(len(piece), name)
        target.write(piece)


def _passed_over(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not parts or parts[-1] in _PASSED_OVER or any(part.startswith((".", "__MACOSX")) for part in parts)
