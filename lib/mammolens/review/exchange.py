"""Take a ledger out as a file, and decisions of a file in: exactly, whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mammolens.errors import DatasetError, RequestError
from mammolens.files import atomic_file
from mammolens.review.chain import Link, Tombstone
from mammolens.review.decision import Decision
from mammolens.review.formats import format_of, read_values, row_of_values, write_entries
from mammolens.review.ledger import Appended, Ledger
from mammolens.review.rows import Column, canonical, decision_of

_TOLD = 20  # bad lines that one message names
_AHEAD = timedelta(minutes=5)  # that another computer's clock may be
_NAMESPACE = uuid.UUID("5f1c2e0a-6d0b-5b7e-9a53-3c1f1d0a7e42")  # of ids that are made from what a line says


def export_decisions(ledger: Ledger, path: Path) -> int:
    """Write all entries as CSV or JSON lines, by the file's suffix; returns their number.

    Raises:
        DatasetError: the suffix is of no known format.
        LedgerError: an entry was changed, or the database cannot be read.
        StorageError: the disk is full.
    """
    kind = format_of(path)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        return write_entries(ledger.chain(), file, kind)


def import_decisions(ledger: Ledger, path: Path) -> Appended:
    """Append the decisions of a file; decisions that are already in the ledger are skipped.

    Raises:
        DatasetError: a line is invalid; all invalid lines are named, and nothing of the file is stored.
        LedgerError, StorageError: the ledger cannot be written.
    """
    lines = read_decisions(path)
    line = 0

    def decisions() -> Iterator[Decision | Tombstone]:
        nonlocal line
        for line, decision in lines:  # noqa: B007 - reported where the ledger refuses it
            yield decision

    try:
        return ledger.append_all(decisions(), historic=True)
    except RequestError as error:
        raise DatasetError(
            path, f"line {line}: {error.source} {error.reason}; nothing is imported", error.remedy
        ) from error


def read_decisions(path: Path) -> list[tuple[int, Decision | Tombstone]]:
    """Line number and decision of each line, or what is left of it.

    Raises:
        DatasetError: the file or some of its lines cannot be read.
    """
    kind = format_of(path)
    found: list[tuple[int, Decision | Tombstone]] = []
    bad: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, values in read_values(file, kind):
                try:
                    if isinstance(values, RequestError):
                        raise values
                    found.append((line, _decision(values)))
                except RequestError as error:
                    bad.append(f"line {line}: {error.source} {error.reason} ({error.remedy})")
    except RequestError as error:
        raise DatasetError(path, f"{error.source}: {error.reason}", error.remedy) from error
    except UnicodeDecodeError as error:
        raise DatasetError(path, f"is not UTF-8 (byte {error.start})", "save it in UTF-8") from error
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror})", "give the path of a file") from error
    if bad:
        more = f"; and {len(bad) - _TOLD} lines more" if len(bad) > _TOLD else ""
        raise DatasetError(path, "; ".join(bad[:_TOLD]) + more, "correct them; nothing is imported")
    return found


def _decision(values: object) -> Decision | Tombstone:
    assert isinstance(values, dict)
    if (content := values.get(Link.CONTENT)) is not None:
        if any(values.get(column) for column in Column):
            raise RequestError(Link.CONTENT, "is the digest of an erased decision, but there is one", "leave it out")
        return Tombstone(str(content))
    row = row_of_values(values)
    if row[Column.DECISION_ID] is None:  # the same line is the same decision, however often it is imported
        row[Column.DECISION_ID.value] = str(uuid.uuid5(_NAMESPACE, canonical(row)))
    decision = decision_of(row)
    if decision.time > datetime.now(UTC) + _AHEAD:
        raise RequestError(Column.TIME, f"{row[Column.TIME]} is in the future", "correct it")
    return decision
