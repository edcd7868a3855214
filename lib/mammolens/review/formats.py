"""Decisions as lines of a file: CSV for people and spreadsheets, JSON lines for programs; with the same contents."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, cast

from mammolens.errors import DatasetError, RequestError
from mammolens.review.chain import AnyEntry, Entry, Link, row_of_tombstone
from mammolens.review.decision import Origin, finite
from mammolens.review.rows import Column, canonical, row_of

COLUMNS = (Link.SEQUENCE, *Column, Link.CONTENT, Link.PREVIOUS_HASH, Link.HASH)
REQUIRED = (Column.EXAM_ID, Column.IMAGES, Column.REVIEWER, Column.TIME)
_NUMBERS = (Column.EXAM_P_VALUE, Column.EXAM_SCORE)
_LISTS = (Column.IMAGES, Column.REGIONS)
_DEFAULTS = {Column.COMMENT: "", Column.VIEWER: "", Column.REGIONS: "[]", Column.ORIGIN: Origin.IMPORT.value}
# What a spreadsheet runs as a formula; an apostrophe before it makes it text, and one more keeps the two apart.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LONGEST_CELL = 2**26  # a hundred regions of two thousand points

Cells = tuple[int, Mapping[str, Any]]
"""Number of the line at which it begins, and its values by column."""


class Format(StrEnum):
    """File formats, by their suffix."""

    CSV = ".csv"
    JSON_LINES = ".jsonl"


def format_of(path: Path) -> Format:
    """The format of a file, by its suffix.

    Raises:
        DatasetError: another one.
    """
    try:
        return Format(path.suffix.lower())
    except ValueError:
        remedy = f"name it {path.stem}.csv or {path.stem}.jsonl"
        raise DatasetError(path, "its name ends neither in .csv nor in .jsonl", remedy) from None


def write_entries(entries: Iterable[AnyEntry], file: IO[str], kind: Format) -> int:
    """Write entries to a file that was opened with ``newline=""``; gives their number."""
    count = 0
    writer = csv.writer(file)
    if kind is Format.CSV:
        writer.writerow([column.value for column in COLUMNS])
    for entry in entries:
        values = values_of(entry)
        if kind is Format.CSV:
            writer.writerow([_cell(column, values[column]) for column in COLUMNS])
        else:
            file.write(json.dumps(values, ensure_ascii=False) + "\n")
        count += 1
    return count


def values_of(entry: AnyEntry) -> dict[str, Any]:
    """An entry as JSON; of an erased one, all that a decision has is null."""
    if isinstance(entry, Entry):
        row = {**row_of(entry.decision), Link.CONTENT.value: None}
        row |= {column.value: json.loads(row[column]) for column in _LISTS}
    else:
        row = row_of_tombstone(entry.tombstone)
    row |= {Link.SEQUENCE.value: entry.sequence, Link.PREVIOUS_HASH.value: entry.previous_hash}
    row |= {Link.HASH.value: entry.hash}
    return {column.value: row[column] for column in COLUMNS}


def read_values(file: IO[str], kind: Format) -> Iterator[Cells | tuple[int, RequestError]]:
    """The lines of a file that was opened with ``newline=""``, or what is wrong with each.

    Raises:
        RequestError: the file as a whole cannot be read; names the line.
    """
    return _read_csv(file) if kind is Format.CSV else _read_json_lines(file)


def row_of_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says, as a row; a column that is missing gets its default.

    Raises:
        RequestError: an unknown column, a required one that is missing, or a value of another type.
    """
    unknown = next((name for name in values if name not in COLUMNS), None)
    if unknown is not None:
        raise RequestError(f"{unknown[:80]!a}", "is not a column", f"use {', '.join(Column)}")
    row: dict[str, Any] = {}
    for column in Column:
        value = values.get(column)
        if value is None and column in REQUIRED:
            raise RequestError(column, "is missing", "fill it in")
        row[column.value] = _DEFAULTS.get(column) if value is None else _stored(column, value)
    return row


def _stored(column: Column, value: Any) -> Any:
    kinds = list if column in _LISTS else int | float if column in _NUMBERS else str
    if not isinstance(value, kinds) or isinstance(value, bool):
        wanted = "a list" if column in _LISTS else "a number" if column in _NUMBERS else "text"
        raise RequestError(column, f"{str(value)[:80]!a} is not {wanted}", f"give {wanted}")
    if column in _NUMBERS:
        finite(column, cast(float, value))
    if column not in _LISTS:
        return value
    try:
        return canonical(value)
    except (TypeError, ValueError) as error:
        raise RequestError(column, "contains a number that is not finite", "give decimal numbers") from error


def _cell(column: str, value: Any) -> Any:
    if column == Column.IMAGES:
        return " ".join(value or ())
    if column == Column.REGIONS:
        return canonical(value) if value else ""
    return cell_of_text(value)


def cell_of_text(value: Any) -> Any:
    """A value as a cell of CSV; an apostrophe is put before a text that a spreadsheet would run as a formula."""
    if isinstance(value, str) and _FORMULA.match(value):
        return "'" + value
    return "" if value is None else value


def _of_cell(column: str, text: str) -> Any:
    if column == Column.IMAGES:
        return text.split()
    if text == "" and column != Column.REVIEWER:
        return None
    try:
        if column == Column.REGIONS:
            return json.loads(text)
        if column in _NUMBERS:
            return float(text)
        return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
    except (ValueError, RecursionError) as error:
        raise RequestError(column, f"{text[:80]!a} cannot be read", "see docs/decisions.md for its form") from error


def _read_csv(file: IO[str]) -> Iterator[Cells | tuple[int, RequestError]]:
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))  # of the whole process; it only ever grows
    reader = csv.reader(file, strict=True)
    line = 1
    try:
        names = next(reader, [])
        missing = [column.value for column in REQUIRED if column not in names]
        if missing:
            raise RequestError("line 1", f"has no column {missing[0]!r}", "add it to the header line")
        if len(set(names)) < len(names):
            raise RequestError("line 1", "names a column twice", "rename or drop one of them")
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield _csv_line(line, names, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise RequestError(f"line {line}", str(error), "save the table as CSV again") from error


def _csv_line(line: int, names: list[str], cells: list[str]) -> Cells | tuple[int, RequestError]:
    if len(cells) != len(names):
        reason = f"has {len(cells)} cells for {len(names)} columns"
        return line, RequestError("line", reason, "give each column a cell, and quote those that contain a comma")
    try:
        return line, {name: _of_cell(name, text) for name, text in zip(names, cells, strict=True)}
    except RequestError as error:
        return line, error


def _read_json_lines(file: IO[str]) -> Iterator[Cells | tuple[int, RequestError]]:
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except RecursionError:
            yield line, RequestError("line", "is nested too deeply", "write one object a line")
            continue
        except ValueError as error:
            yield line, RequestError("line", f"is not JSON ({error})", "write one object a line")
            continue
        if isinstance(values, dict):
            yield line, values
        else:
            yield line, RequestError("line", "is not a JSON object", "write one object a line")
