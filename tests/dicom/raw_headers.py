"""Headers with values that the standard does not allow, which pydicom would not write."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable

import pydicom
from pydicom import FileDataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag

_OF_TEXT = ("CS", "DS", "IS", "DA", "UI", "LO", "SH")


def set_raw(dataset: FileDataset, changes: Iterable[tuple[str, int | str]]) -> None:
    """Set attributes to these very values: numbers as US, words as they are, in a number's place cut to three bytes."""
    little_endian = bool(dataset.is_little_endian)
    for keyword, value in changes:
        tag, representation = Tag(keyword), dictionary_VR(Tag(keyword)).split(" or ")[0]
        if isinstance(value, int):
            content = struct.pack("<H" if little_endian else ">H", value)
        else:
            content = value.encode() if representation in _OF_TEXT else value.encode()[:3]
        dataset._dict[tag] = RawDataElement(tag, representation, len(content), content, 0, False, little_endian)


def raw_file(dataset: FileDataset) -> bytes:
    """The file of an Explicit VR Little Endian data set, values unchecked."""
    bare = io.BytesIO()
    empty = FileDataset("", {}, file_meta=dataset.file_meta, preamble=b"\0" * 128)
    empty.is_little_endian, empty.is_implicit_VR = True, False
    pydicom.dcmwrite(bare, empty, write_like_original=False)
    return bare.getvalue() + raw_elements(dataset)


def raw_elements(dataset: FileDataset) -> bytes:
    """What stands in its file behind the meta information."""
    elements = DicomBytesIO()
    elements.is_little_endian, elements.is_implicit_VR = True, False
    for tag in sorted(dataset._dict):
        write_data_element(elements, dataset._dict[tag])
    return bytes(elements.getvalue())
