"""What a DICOM file may ask of its parser: elements, nesting, length of texts, fragments, inflated size.

The structure alone is followed here, at a thousandth of the parser's memory: values are skipped. What is not DICOM, or
ends too early, is left to the parser, which says why.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydicom.datadict import dictionary_keyword, dictionary_VR
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from mammolens.errors import PixelDataError, UnsupportedMammogramError

MOST_ELEMENTS: Final = 50_000  # a mammogram has some hundreds, 3D objects some ten thousand
DEEPEST: Final = 16  # sequences within each other
MOST_FRAGMENTS: Final = 100_000  # of a frame; 30 MB in pieces of 4 KiB have 7,500
LONGEST_TEXT: Final = 0xFFFE  # bytes: what an explicit VR of the short form can state (PS3.5 7.1.2)
LARGEST_INFLATED: Final = 1 << 28  # bytes; 100 million pixels of 16 bits have fewer
_HIGHEST_RATIO: Final = 300  # deflated grey values reach 50; zeros alone, which are not a picture, 1,000
_SMALL: Final = 1 << 24  # bytes; less may be inflated whatever the ratio
_PIECE: Final = 1 << 20
_PREAMBLE: Final = 128
_LONGEST_UID: Final = 100
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END, _PIXEL_DATA = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0x7FE00010
_TRANSFER_SYNTAX: Final = 0x00020010
_EXPLICIT: Final = re.compile(rb"[A-Z]{2}")
_LONG_FORM: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_SHORT_TEXTS: Final = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI"])
_EXPORT: Final = "export the image again, without what is not part of it"


def refuse_excess(path: Path, *, with_pixels: bool) -> bytes | None:
    """Refuse a file that would take the parser far more time or memory than a mammogram.

    Args:
        path: of the file.
        with_pixels: whether Pixel Data is read, too.

    Returns:
        A deflated file as if it were not, in Explicit VR Little Endian, at least as far as it is read; ``None`` of any
        other file.

    Raises:
        UnsupportedMammogramError: naming what there is too much of.
        PixelDataError: a deflated data set does not end with an element.
        EOFError: it ends too early.
        zlib.error: it is damaged.
    """
    with path.open("rb") as file:
        file.seek(_PREAMBLE)
        if file.read(4) != b"DICM":
            file.seek(0)
        return _Walk(path, file, with_pixels=with_pixels).follow()


class _Inflated(io.RawIOBase):
    """The rest of a file, inflated (PS3.5 A.5), up to a limit.

    Attributes:
        pieces: what was read, for the parser, so that it need not inflate it once more.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        start = file.tell()
        compressed = file.seek(0, io.SEEK_END) - start
        file.seek(start)
        self._path, self._file = path, file
        self._left = self._largest = min(LARGEST_INFLATED, max(_SMALL, _HIGHEST_RATIO * compressed))
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self.pieces: list[bytes] = []

    def readable(self) -> bool:
        return True

    def refuse_longer(self, count: int) -> None:
        """Refuse a value of so many bytes before it is inflated."""
        if count > self._left:
            reason = f"holds more than {self._largest >> 20} MiB once inflated"
            raise UnsupportedMammogramError(self._path, reason, "export the image uncompressed or as JPEG 2000")

    def readinto(self, buffer: Any) -> int:
        while not self._inflater.eof and (piece := self._inflater.unconsumed_tail or self._file.read(_PIECE)):
            inflated = self._inflater.decompress(piece, len(buffer))
            self.refuse_longer(len(inflated))
            self._left -= len(inflated)
            if inflated:
                self.pieces.append(inflated)
                buffer[: len(inflated)] = inflated
                return len(inflated)
        if not self._inflater.eof:
            raise EOFError("the deflated data set ends too early")
        return 0


class _Walk:
    """One pass over the structure of a file."""

    def __init__(self, path: Path, file: BinaryIO, *, with_pixels: bool) -> None:
        self._path, self._file, self._with_pixels = path, file, with_pixels
        self._position = self._elements = 0
        self._ends: list[int | None] = []  # of sequences and items; None: at a delimiter
        self._order, self._explicit = "<", True
        self._inflated: _Inflated | None = None
        self._behind_pixels: int | None = None  # of a deflated data set: the tag of the last element from Pixel Data on

    def follow(self) -> bytes | None:
        """To the end, or to what is not DICOM; returns a deflated file as :func:`refuse_excess` does."""
        stated, deflated = slice(0), False
        while len(start := self._read(8)) == 8 and start[:2] == b"\x02\x00":  # PS3.10 7.1
            tag, kind, length = self._header(start)
            self._count(tag, kind, length)
            if tag == _TRANSFER_SYNTAX and length < _LONGEST_UID:
                stated = slice(self._file.tell(), self._file.tell() + length)
                deflated = self._read(length).rstrip(b"\0 ") == DeflatedExplicitVRLittleEndian.encode()
            else:
                self._skip(length)
        if not deflated:
            self._follow_data_set(start)
            return None
        size = self._file.tell() - len(start)
        self._file.seek(0)
        head = bytearray(self._file.read(size))
        head[stated] = ExplicitVRLittleEndian.encode().ljust(stated.stop - stated.start, b"\0")
        self._inflated = _Inflated(self._path, self._file)
        with io.BufferedReader(self._inflated, _PIECE) as self._file:
            self._follow_data_set(self._read(8))
            if self._with_pixels:
                while self._file.read(_PIECE):
                    pass
        return b"".join((head, *self._inflated.pieces))

    def _follow_data_set(self, start: bytes) -> None:
        self._order = ">" if start[:1] == b"\0" and start[1:2] != b"\0" else "<"
        self._explicit = bool(_EXPLICIT.fullmatch(start[4:6]))
        while len(start) == 8:
            while self._ends and (end := self._ends[-1]) is not None and self._position - 8 >= end:
                self._ends.pop()
            tag, kind, length = self._header(start)
            self._count(tag, kind, length)
            if not self._ends:
                if tag == _PIXEL_DATA and not self._with_pixels:
                    return
                self._refuse_what_is_no_element(tag, start)
            if tag in (_ITEM_END, _SEQUENCE_END):
                if self._ends:
                    self._ends.pop()
            elif length == _UNDEFINED and (tag == _PIXEL_DATA or kind in ("OB", "OW")):
                self._follow_fragments()
            elif tag == _ITEM or kind == "SQ" or length == _UNDEFINED:
                self._descend(length)
            else:
                self._skip(length)
            start = self._read(8)
        if start and self._behind_pixels is not None:
            raise self._garbage()

    def _refuse_what_is_no_element(self, tag: int, start: bytes) -> None:
        """Behind the pixels of a deflated data set, which has no checksum: there is something if bytes were lost."""
        if self._behind_pixels is not None and not (tag > self._behind_pixels and _EXPLICIT.fullmatch(start[4:6])):
            raise self._garbage()
        if self._inflated and tag >= _PIXEL_DATA:
            self._behind_pixels = tag

    def _garbage(self) -> PixelDataError:
        reason = "the deflated data set holds something else behind Pixel Data: bytes were lost or changed"
        return PixelDataError(self._path, reason, "copy or export the image again")

    def _header(self, start: bytes) -> tuple[int, str, int]:
        """Tag, VR and length of an element, whose first eight bytes these are."""
        group, element = struct.unpack(f"{self._order}HH", start[:4])
        tag = group << 16 | element
        kind = start[4:6]
        if self._explicit and group != 0xFFFE and _EXPLICIT.fullmatch(kind):
            if kind not in _LONG_FORM:
                return tag, kind.decode(), struct.unpack(f"{self._order}H", start[6:])[0]
            rest = self._read(4).ljust(4, b"\0")
            known = _kind_of(tag) if kind == b"UN" else kind.decode()  # which the parser takes it for, too
            return tag, known, struct.unpack(f"{self._order}I", rest)[0]
        return tag, _kind_of(tag), struct.unpack(f"{self._order}I", start[4:])[0]

    def _count(self, tag: int, kind: str, length: int) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise self._too_much(f"has more than {MOST_ELEMENTS:,} elements")
        if kind in _SHORT_TEXTS and LONGEST_TEXT < length < _UNDEFINED:
            raise self._too_much(f"{_name_of(tag)} has {length:,} bytes, more than {LONGEST_TEXT:,}")

    def _descend(self, length: int) -> None:
        self._ends.append(None if length == _UNDEFINED else self._position + length)
        if len(self._ends) > 2 * DEEPEST:
            raise self._too_much(f"has sequences nested more than {DEEPEST} deep")

    def _follow_fragments(self) -> None:
        """Items of encapsulated Pixel Data (PS3.5 A.4)."""
        fragments = 0
        while len(start := self._read(8)) == 8:
            group, element, length = struct.unpack(f"{self._order}HHI", start)
            if group << 16 | element != _ITEM:
                return
            fragments += 1
            if fragments > MOST_FRAGMENTS:
                raise self._too_much(f"has its pixels in more than {MOST_FRAGMENTS:,} fragments")
            self._skip(length)

    def _read(self, count: int) -> bytes:
        found = self._file.read(count)
        self._position += len(found)
        return found

    def _skip(self, count: int) -> None:
        self._position += count
        if self._inflated is None:
            self._file.seek(count, io.SEEK_CUR)
            return
        self._inflated.refuse_longer(count - _PIECE)  # so much of it may have been inflated already
        while count > 0 and (found := self._file.read(min(count, _PIECE))):
            count -= len(found)

    def _too_much(self, reason: str) -> UnsupportedMammogramError:
        return UnsupportedMammogramError(self._path, reason, _EXPORT)


def _kind_of(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _name_of(tag: int) -> str:
    try:
        return dictionary_keyword(tag)
    except KeyError:
        return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
