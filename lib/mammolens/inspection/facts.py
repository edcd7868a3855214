"""What a file says of its encoding, also where it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.uid import UID

from mammolens.dicom.codecs import syntax_name
from mammolens.dicom.header_values import number_of
from mammolens.dicom.opening import FileKind, damage_named, file_kind, open_dicom
from mammolens.dicom.pictures import picture_shape
from mammolens.errors import InputError

_MAGIC: Final = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"P5": "PGM"}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Format, size and encoding of an image file, as far as they are stated.

    ``file_format`` is DICOM, PNG, JPEG, TIFF, PGM or unknown; ``transfer_syntax`` the name of the DICOM one.
    """

    file_format: str = "unknown"
    rows: int | None = None
    columns: int | None = None
    transfer_syntax: str | None = None


def facts_of(path: Path, transfer_syntax_uid: str | None = None) -> FileFacts:
    """What the file says; no file is too damaged for an answer.

    Args:
        path: of the file.
        transfer_syntax_uid: to report instead of the file's own, where only its header was fetched; may be empty.
    """
    try:
        kind = file_kind(path)
        if kind is FileKind.PICTURE:
            return FileFacts(_picture_format(path), *picture_shape(path))
        if kind is FileKind.OTHER:
            return FileFacts()
        dataset = open_dicom(path, with_pixels=False)
        with damage_named(path):
            stated = dataset.file_meta.get("TransferSyntaxUID") if transfer_syntax_uid is None else transfer_syntax_uid
            sides = (number_of(dataset, "Rows"), number_of(dataset, "Columns"))
            rows, columns = (int(side) if side else None for side in sides)
            return FileFacts("DICOM", rows, columns, syntax_name(UID(stated)) if stated else None)
    except InputError:  # the reader says why
        return FileFacts()


def _picture_format(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    return next(name for magic, name in _MAGIC.items() if head.startswith(magic))
