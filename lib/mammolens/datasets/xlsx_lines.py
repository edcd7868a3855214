"""Lines of a workbook's first sheet: SpreadsheetML, ECMA-376 Part 1, 18.3 (worksheets) and 18.4 (shared strings)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from mammolens.errors import DatasetError

_SPACE: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRINGS: Final = "xl/sharedStrings.xml"
_SHEET: Final = re.compile(r"^xl/worksheets/sheet(\d+)\.xml$")
_REFERENCE: Final = re.compile(r"^([A-Z]+)\d+$")  # such as 'AB12'


def xlsx_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row, as text; formulas as their last value.

    Raises:
        DatasetError: the file is unreadable or no workbook.
    """
    try:
        with ZipFile(path) as archive:
            sheets = sorted((int(match[1]), name) for name in archive.namelist() if (match := _SHEET.match(name)))
            strings = _strings(archive) if _STRINGS in archive.namelist() else []
            rows = [
                (int(row.get("r", 0)), _cells(row, strings))
                for row in ElementTree.fromstring(archive.read(sheets[0][1])).iter(f"{_SPACE}row")
            ]
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror})", "give the path of a table") from error
    except (BadZipFile, ElementTree.ParseError, KeyError, IndexError, ValueError) as error:
        raise DatasetError(path, f"is not a workbook ({error})", "save the table as .xlsx or CSV again") from error
    yield from rows


def _strings(archive: ZipFile) -> list[str]:
    return [_text(item) for item in ElementTree.fromstring(archive.read(_STRINGS)).iter(f"{_SPACE}si")]


def _cells(row: ElementTree.Element, strings: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_SPACE}c"):
        reference = _REFERENCE.match(cell.get("r", ""))
        if reference:  # empty cells are left out of the file
            cells += [""] * (_column(reference[1]) - len(cells))
        cells.append(_value(cell, strings))
    return cells


def _value(cell: ElementTree.Element, strings: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{_SPACE}v", "")
    return strings[int(value)] if cell.get("t") == "s" else value


def _text(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_SPACE}t"))


def _column(letters: str) -> int:
    """Its index: A is 0, AA is 26."""
    index = 0
    for letter in letters:
        index = 26 * index + ord(letter) - ord("A") + 1
    return index - 1
