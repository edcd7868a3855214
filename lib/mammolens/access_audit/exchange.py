"""Write records of the audit log as lines: JSON for programs, CSV for spreadsheets; with the same contents."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from mammolens.access_audit.event import AuditColumn, AuditRecord, row_of_event
from mammolens.files import atomic_file
from mammolens.review.chain import Head
from mammolens.review.formats import Format, cell_of_text, format_of


def export_records(records: Iterable[AuditRecord], path: Path) -> int:
    """Write records as CSV or JSON lines, by the file's suffix; returns their number.

    Raises:
        DatasetError: the suffix is of no known format.
        LedgerError: a record was changed.
        StorageError: the disk is full.
    """
    kind = format_of(path)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        return write_records(records, file, kind)


def write_records(records: Iterable[AuditRecord], file: IO[str], kind: Format) -> int:
    """Write records to a file that was opened with ``newline=""``; returns their number."""
    count = 0
    writer = csv.writer(file)
    if kind is Format.CSV:
        writer.writerow([*AuditColumn])
    for record in records:
        values = values_of_record(record)
        if kind is Format.CSV:
            writer.writerow([cell_of_text(value) for value in values.values()])
        else:
            file.write(json.dumps(values, ensure_ascii=False) + "\n")
        count += 1
    return count


def values_of_record(record: AuditRecord) -> dict[str, Any]:
    """A record as plain JSON: the columns that its hash covers, and the hash."""
    row = row_of_event(record.event, Head(record.sequence - 1, record.previous_hash))
    if record.subject is not None:
        row |= {AuditColumn.SALT.value: None, AuditColumn.SUBJECT.value: record.subject}
    return {**row, AuditColumn.HASH.value: record.hash}
