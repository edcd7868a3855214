"""Uploaded files, saved in the session's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Protocol

from mammolens.dicom.discovery import find_companions, is_dicomdir
from mammolens.dicom.opening import HEAD_LENGTH, FileKind, kind_of_head
from mammolens.errors import InputError
from mammolens.inference.presentation import Problem
from mammolens.names import safe_file_name
from mammolens.web.unpacking import Readable, UploadLimits, copied, damage_of_archive, is_archive, members

_ARCHIVE: Final = b"PK\x03\x04"  # local file header signature (APPNOTE 4.3.7)


class UploadedFile(Protocol):
    """An uploaded file: a seekable binary stream with a name."""

    name: str

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position."""


class NamedFile:
    """A local file as if it had been uploaded; open within its context."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._file = path.open("rb")
        self.read, self.seek, self.tell = self._file.read, self._file.seek, self._file.tell

    def __enter__(self) -> NamedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@dataclass(slots=True)
class Uploads:
    """Saved files with their names, and those that were rejected."""

    files: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, error: InputError) -> None:
        """Record why a file was rejected."""
        self.problems.append(Problem(name=error.source, reason=error.reason, remedy=error.remedy))


def save_uploads(files: Iterable[UploadedFile], folder: Path, limits: UploadLimits) -> Uploads:
    """Save uploaded files and the images of uploaded archives in a folder.

    Each file gets a folder of its own and keeps its name, which identifies the patient if the header does not.
    Rejected files are listed in ``problems``. Of archives, the companions of the images are skipped
    (:mod:`mammolens.dicom.discovery`).

    Args:
        files: in their order.
        folder: made if missing.
        limits: the limits.
    """
    uploads = Uploads()
    for file in files:
        stream: IO[bytes] = file  # type: ignore[assignment]
        try:
            if _kind_of(stream) is FileKind.OTHER and is_archive(stream):
                with damage_of_archive(file.name):
                    _save_archive(stream, file.name, folder, limits, uploads)
            else:
                _save_file(stream, file.name, folder, limits, uploads)
        except InputError as error:
            uploads.refuse(error)
    return uploads


def _save_archive(stream: IO[bytes], name: str, folder: Path, limits: UploadLimits, uploads: Uploads) -> None:
    saved, refused, with_dicomdir = dict[Path, str](), len(uploads.problems), False
    try:
        for inner, member in members(stream, name, limits):
            full_name, head = f"{name}: {inner}", member.peek(HEAD_LENGTH)[:HEAD_LENGTH]
            if is_dicomdir(inner):
                with_dicomdir = True
            elif kind_of_head(head) is not FileKind.OTHER:
                saved[_written(member, inner, folder, limits, full_name)] = inner
            elif head.startswith(_ARCHIVE) and inner.lower().endswith(".zip"):  # programs on a CD are archives, too
                uploads.refuse(InputError(full_name, "is an archive within an archive", "unpack it, then upload it"))
    finally:  # what came before the damage of an archive is used
        for companion in find_companions(saved, with_dicomdir=with_dicomdir):
            shutil.rmtree(companion.parent)
            del saved[companion]
        uploads.files.update(saved)
    if not saved and len(uploads.problems) == refused:
        raise InputError(name, "contains no DICOM, PNG or JPEG file", "upload an archive of mammograms")


def _kind_of(stream: IO[bytes]) -> FileKind:
    """The kind by the first bytes, regardless of data behind the image; the stream is rewound."""
    head = stream.read(HEAD_LENGTH)
    stream.seek(0)
    return kind_of_head(head)


def _save_file(stream: IO[bytes], name: str, folder: Path, limits: UploadLimits, uploads: Uploads) -> None:
    uploads.files[_written(stream, name, folder, limits, name)] = name


def _written(source: Readable, name: str, folder: Path, limits: UploadLimits, full_name: str) -> Path:
    limits.spend_file(full_name)
    path = folder / f"{limits.files:05d}" / safe_file_name(name)
    path.parent.mkdir(parents=True)
    try:
        with path.open("wb") as target:
            copied(source, target, limits, full_name)
    except BaseException:
        shutil.rmtree(path.parent)
        raise
    return path
