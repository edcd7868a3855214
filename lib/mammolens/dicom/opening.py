"""Open a file and detect its kind: DICOM, a picture, or neither."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Final

import pydicom
from pydicom.filereader import read_partial
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from mammolens.dicom.bounds import refuse_excess
from mammolens.errors import InputError, MammoLensError, NotAMammogramError, PixelDataError

# Values and streams that break the standard are common and harmless here. Said once for the process, because
# warnings.catch_warnings is not safe in threads, and images are read in several.
warnings.filterwarnings("ignore", module=r"(pydicom|openjpeg)(\.|$)")


HEAD_LENGTH: Final = 132


class FileKind(Enum):
    """What the first bytes of a file say that it is."""

    DICOM = auto()
    PICTURE = auto()
    OTHER = auto()


def file_kind(path: Path) -> FileKind:
    """Recognise DICOM (PS3.10 7.1, with or without preamble) and pictures (PNG, JPEG, TIFF, PGM) by their first bytes.

    Raises:
        InputError: the path is missing, unreadable, a folder, a pipe, device or socket, or an empty file.
    """
    try:
        if path.is_dir():
            raise NotAMammogramError(path, "is a folder, not an image", "give the image files in it, one by one")
        if path.exists() and not path.is_file():  # to open a named pipe may block for ever
            raise NotAMammogramError(path, "is a pipe, device or socket, not a file", "give the image file")
        with path.open("rb") as file:
            head = file.read(HEAD_LENGTH)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path and its permissions") from error
    if not head:
        raise PixelDataError(path, "the file is empty", "copy or export the image again")
    return kind_of_head(head)


def kind_of_head(head: bytes) -> FileKind:
    """The kind of what begins with these bytes, of which :data:`HEAD_LENGTH` suffice."""
    if head[128:132] == b"DICM":
        return FileKind.DICOM
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")) or (
        head[:2] == b"P5" and head[2:3].isspace()
    ):
        return FileKind.PICTURE
    # Without preamble, a data set starts with the groups 0002 or 0008, little endian.
    return FileKind.DICOM if head[:2] in (b"\x02\x00", b"\x08\x00") and head[3:4] == b"\x00" else FileKind.OTHER


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file makes its parsers raise into a PixelDataError that names it."""
    try:
        yield
    except MammoLensError:
        raise
    except Exception as error:  # parsers of damaged values raise whatever they like; all of it means the same here
        raise PixelDataError(
            path, f"the file is damaged ({first_line(error)})", "copy or export the image again"
        ) from error


def first_line(error: BaseException) -> str:
    """The message of a foreign error, shortened to one line."""
    lines = str(error).strip().splitlines()
    return one_line(lines[0]) if lines else type(error).__name__


def one_line(value: object) -> str:
    """What a file says, fit to be quoted in an error."""
    return " ".join(str(value).split())[:200]


def open_dicom(path: Path, *, with_pixels: bool, last_tag: int | None = None) -> pydicom.FileDataset:
    """Parse a DICOM file.

    Args:
        path: of it.
        with_pixels: whether Pixel Data is read, too.
        last_tag: where the parser may stop; ``None``: at the end.

    Raises:
        PixelDataError: the file ends too early or is not DICOM at all.
        UnsupportedMammogramError: more elements, fragments or text than a mammogram has, or too large once inflated.
    """
    with damage_named(path):
        inflated = refuse_excess(path, with_pixels=with_pixels)
        if last_tag is None:
            source = path if inflated is None else io.BytesIO(inflated)
            dataset = pydicom.dcmread(source, stop_before_pixels=not with_pixels, force=True)
        else:
            with path.open("rb") if inflated is None else io.BytesIO(inflated) as file:
                dataset = read_partial(file, lambda tag, *_: tag > last_tag, force=True)
        if inflated is not None:
            dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        if "TransferSyntaxUID" not in dataset.file_meta:  # as in files without preamble: what the parser found out
            explicit = ExplicitVRLittleEndian if dataset.is_little_endian else ExplicitVRBigEndian
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if dataset.is_implicit_VR else explicit
        return dataset
