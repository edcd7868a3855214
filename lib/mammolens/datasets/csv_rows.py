"""Rows of a table, CSV or .xlsx, whose cells complain with file, line, column and remedy."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TypeVar

from mammolens.datasets.xlsx_lines import xlsx_lines
from mammolens.errors import DatasetError

_MISSING = frozenset({"", "na", "n/a", "nan", "none", "null"})
_FLAGS = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One line of a table.

    Attributes:
        source: the file.
        line: its line number, the header being line 1.
        values: cells by column name in lower case, stripped; ``""`` for empty cells.
    """

    source: Path
    line: int
    values: Mapping[str, str]

    def text(self, column: str) -> str | None:
        """The cell as text; ``None`` where it, or its column, is missing ('', NA, NaN, null ...)."""
        value = self.values.get(column, "")
        return None if value.lower() in _MISSING else value

    def required(self, column: str) -> str:
        """The cell as text; a missing one is a :class:`DatasetError`."""
        value = self.text(column)
        if value is None:
            raise self.error(column, "is empty", "fill it in or drop the row")
        return value

    def number(self, column: str) -> float | None:
        """The cell as a finite number."""
        return None if self.text(column) is None else self.required_number(column)

    def required_number(self, column: str) -> float:
        """The cell as a finite number; a missing one is a :class:`DatasetError`."""
        value = self.required(column)
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.error(column, f"{value!r} is not a number", "write it with a decimal point, as 12.5")
        return number

    def flag(self, column: str) -> bool | None:
        """The cell as yes or no: 1/0, true/false, yes/no in any case."""
        value = self.text(column)
        if value is not None and value.lower() not in _FLAGS:
            raise self.error(column, f"{value!r} is not yes or no", "write 1 or 0")
        return None if value is None else _FLAGS[value.lower()]

    def word(self, column: str, words: type[Word], synonyms: Mapping[str, Word] | None = None) -> Word | None:
        """The cell as a member of an enum, in any case; ``synonyms`` are in lower case."""
        value = self.text(column)
        if value is None:
            return None
        known = {word.value.lower(): word for word in words} | dict(synonyms or {})
        if value.lower() not in known:
            allowed = ", ".join(word.value for word in words)
            raise self.error(column, f"{value!r} is unknown", f"use one of {allowed}, or leave it empty")
        return known[value.lower()]

    def error(self, column: str, reason: str, remedy: str) -> DatasetError:
        """The error to raise about one cell of this row."""
        return DatasetError(self.source, f"line {self.line}, column {column!r}: {reason}", remedy)


def read_rows(
    path: Path,
    required: Iterable[str] = (),
    *,
    columns: Collection[str] | None = None,
    on_bad_row: Callable[[DatasetError], None] | None = None,
    may_be_empty: bool = False,
) -> tuple[CsvRow, ...]:
    """Read a table with a header line: CSV with commas, semicolons or tabs in UTF-8 with or without BOM, or .xlsx.

    Args:
        path: of the file; of a workbook the first sheet is read.
        required: columns, in lower case, that it must have.
        columns: those to keep; ``None``: all. Tables of half a million rows have 150 columns.
        on_bad_row: called with each row of too many cells, which is left out; ``None``: such a row is an error.
        may_be_empty: whether a table with a header line alone is one.

    Raises:
        DatasetError: the file is unreadable, empty, ragged, names a column twice or lacks a required one.
    """
    lines = xlsx_lines(path) if path.suffix.lower() == ".xlsx" else _csv_lines(path)
    names = [name.strip().lower() for name in next(lines, (1, []))[1]]
    _check_header(path, names, required, columns)
    rows: list[CsvRow] = []
    for number, cells in lines:
        if any(map(str.strip, cells)):
            try:
                rows.append(_row(path, number, names, cells, columns))
            except DatasetError as error:
                if on_bad_row is None:
                    raise
                on_bad_row(error)
    if not rows and not may_be_empty:
        raise DatasetError(path, "has no rows", "give a table with one row per image")
    return tuple(rows)


def _csv_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line."""
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            reader = csv.reader(chain([first], file), delimiter=max(",;\t", key=first.count))
            for cells in reader:
                number = reader.line_num
                yield number, cells
    except UnicodeDecodeError as error:
        raise DatasetError(path, f"is not UTF-8 (byte {error.start})", "save the table as 'CSV UTF-8'") from error
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror})", "give the path of a CSV file") from error
    except csv.Error as error:
        raise DatasetError(path, f"line {number}: {error}", "save the table as CSV again") from error


def _check_header(path: Path, names: list[str], required: Iterable[str], columns: Collection[str] | None) -> None:
    missing = [name for name in required if name not in names]
    if missing:
        found = ", ".join(names) or "nothing"
        raise DatasetError(path, f"has no column {missing[0]!r} (found {found})", "add it to the header line")
    kept = [name for name in names if name and (columns is None or name in columns)]
    doubled = next((name for name in kept if kept.count(name) > 1), None)
    if doubled:
        raise DatasetError(path, f"has the column {doubled!r} twice", "rename or drop one of them")


def _row(path: Path, line: int, names: list[str], cells: list[str], columns: Collection[str] | None) -> CsvRow:
    if len(cells) > len(names):
        reason = f"line {line} has {len(cells)} cells for {len(names)} columns"
        raise DatasetError(path, reason, "quote cells that contain the separator")
    padded = [*cells, *[""] * (len(names) - len(cells))]
    kept = ((name, cell) for name, cell in zip(names, padded, strict=True) if name)
    return CsvRow(path, line, {name: cell.strip() for name, cell in kept if columns is None or name in columns})
