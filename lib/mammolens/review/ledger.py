"""The decision ledger: append-only, in one order for everybody, each entry tied to the one before it.

The one change that an entry can undergo is its erasure, which leaves a tombstone in its place.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, select, update

from mammolens.errors import RequestError
from mammolens.review.audit import Audit, audit
from mammolens.review.chain import (
    AnyEntry,
    Entry,
    Head,
    Link,
    Tombstone,
    any_entry_of,
    content_of,
    entry_of,
    is_erased,
    linked,
    row_of_tombstone,
)
from mammolens.review.database import Database
from mammolens.review.decision import Decision
from mammolens.review.effective_verdict import EffectiveVerdict, active_decisions, effective_verdict
from mammolens.review.policy import Policy, latest
from mammolens.review.rows import row_of
from mammolens.review.schema import DECISIONS

_log = logging.getLogger(__name__)
_PAGE = 1000  # entries that are in memory at once
_BEFORE_ALL = -(2**63)  # below any number that a tampered entry may have


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of decisions: their entries, in the order given, and how many of these are new."""

    entries: tuple[AnyEntry, ...]
    added: int


class Ledger:
    """An append-only, hash-chained store of decisions, safe to use from several threads and processes.

    Open one with :meth:`open`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, where: str | Path, *, create: bool = True) -> Ledger:
        """Open a ledger, and update its schema.

        Args:
            where: a path (SQLite), or a URL: ``sqlite:///...``, ``postgresql://user:password@host/name``.
            create: create the file if it is missing.

        Raises:
            ConfigError: no such kind of database, or its driver is missing.
            LedgerError: it cannot be opened, was written by a newer MammoLens, or lacks the entry of the head that is
                stored next to its file.
        """
        ledger = cls(Database(where, create=create))
        try:
            ledger._check_kept_head()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @property
    def name(self) -> str:
        """Path or URL, without the password."""
        return self._database.name

    def append(self, decision: Decision) -> Entry:
        """Store a decision; when this returns, it is on disk.

        If its id is already in the ledger, the existing entry is returned. If the clock was set back, the decision gets
        the time of the exam's last one, so that the last decision counts.

        Raises:
            RequestError: the id belongs to another decision, or the decision to undo is not active.
            LedgerError, StorageError: it cannot be stored.
        """
        (entry,) = self._append([decision], historic=False).entries
        assert isinstance(entry, Entry)  # a tombstone stands only for what was taken elsewhere, earlier
        return entry

    def append_all(self, decisions: Iterable[Decision | Tombstone], *, historic: bool = False) -> Appended:
        """Keep several, all of them or none; they are taken one by one.

        Args:
            decisions: in the order in which they were taken.
            historic: they were taken earlier, elsewhere: their times stay as they are, and one whose id is there
                must be the same in everything. One that was erased here stays erased.

        Raises:
            RequestError, LedgerError, StorageError: as above.
        """
        return self._append(decisions, historic=historic)

    def get(self, decision_id: uuid.UUID) -> Entry | None:
        """The entry of a decision, if it is there."""
        with self._database.reading() as connection:
            return _entry(connection, decision_id)

    def history(self, exam_id: str) -> list[Entry]:
        """All that was ever decided on an exam, undone or not, in the order of the ledger."""
        with self._database.reading() as connection:
            return _history(connection, exam_id)

    def current(self, exam_id: str, policy: Policy = latest) -> EffectiveVerdict:
        """What counts for an exam now."""
        return effective_verdict(exam_id, (entry.decision for entry in self.history(exam_id)), policy)

    def erase(self, concerns: Callable[[Decision], bool]) -> tuple[int, ...]:
        """Erase the content of entries; number, hash and a salted digest of the content stay, for the chain.

        Args:
            concerns: whether a decision is to be erased.

        Returns:
            The numbers of the entries that were erased.

        Raises:
            LedgerError, StorageError: nothing is erased.
        """
        with self._database.writing() as connection:
            rows = _fetched(connection, select(DECISIONS).where(DECISIONS.c.content.is_(None)))
            chosen = [row for row in rows if concerns(entry_of(row).decision)]
            for row in chosen:
                blank = row_of_tombstone(Tombstone(content_of(row)))
                where = DECISIONS.c.sequence == row[Link.SEQUENCE]
                connection.execute(update(DECISIONS).where(where).values(blank))
        self._database.discard_erased()
        return tuple(row[Link.SEQUENCE] for row in chosen)

    def all(self, after: int = 0) -> Iterator[Entry]:
        """All entries with a decision after a number, in order, read page by page; others may append meanwhile.

        Raises:
            LedgerError: an entry contains no valid decision; an audit gives details.
        """
        return (entry_of(row) for row in self._rows(after) if not is_erased(row))

    def chain(self, after: int = 0) -> Iterator[AnyEntry]:
        """The same, erased entries among them."""
        return map(any_entry_of, self._rows(after))

    def head(self) -> Head:
        """The last entry; stored elsewhere, it lets an audit detect that later entries were cut off."""
        with self._database.reading() as connection:
            return _head(connection)

    def audit(self, *kept: Head) -> Audit:
        """Check the whole chain, and compare it with heads stored elsewhere and next to its file."""
        beside = self._database.kept_head.read() if self._database.kept_head else None
        return audit(self._rows(_BEFORE_ALL), (*kept, *([beside] if beside else ())))

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, decisions: Iterable[Decision | Tombstone], *, historic: bool) -> Appended:
        entries: list[AnyEntry] = []
        with self._database.writing() as connection:
            before = head = _head(connection)
            for decision in decisions:
                entry = _known(connection, decision, historic=historic)
                if entry is None:
                    row = linked(_row(connection, decision, historic=historic), head)
                    connection.execute(DECISIONS.insert(), row)
                    entry = any_entry_of(row)
                    head = entry.head
                entries.append(entry)
        if head != before:
            if self._database.kept_head is not None:
                self._database.kept_head.write(head)
            _log.info("decision ledger: %s", head)  # a log that is kept elsewhere is a witness
        return Appended(tuple(entries), head.sequence - before.sequence)

    def _check_kept_head(self) -> None:
        if (beside := self._database.kept_head) is None:
            return
        kept = beside.read()  # first, since another process may be appending
        with self._database.reading() as connection:
            if kept is None:
                if (head := _head(connection)).sequence:
                    beside.write(head)
                return
            found = _fetched(connection, select(DECISIONS.c.hash).where(DECISIONS.c.sequence == kept.sequence))
            last = _head(connection).sequence
        if not kept.sequence or [row["hash"] for row in found] == [kept.hash]:
            return
        if not found:
            raise beside.lost(f"ends at entry {last}, but it had {kept.sequence} entries", kept)
        raise beside.lost(f"entry {kept.sequence} is not the one that was written", kept)

    def _rows(self, after: int) -> Iterator[Mapping[str, Any]]:
        page = select(DECISIONS).order_by(DECISIONS.c.sequence).limit(_PAGE)
        while True:
            with self._database.reading() as connection:
                rows = _fetched(connection, page.where(DECISIONS.c.sequence > after))
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1]["sequence"]


def _row(connection: Connection, decision: Decision | Tombstone, *, historic: bool) -> dict[str, Any]:
    if isinstance(decision, Tombstone):
        return row_of_tombstone(decision)
    return row_of(_fitting(connection, decision, historic=historic))


def _known(connection: Connection, decision: Decision | Tombstone, *, historic: bool) -> AnyEntry | None:
    if historic and (erased := _erased(connection, decision)) is not None:
        return erased
    if isinstance(decision, Tombstone):
        return None
    entry = _entry(connection, decision.decision_id)
    if entry is None:
        return None
    there = entry.decision
    if there != decision if historic else there.content() != decision.content():
        raise RequestError(
            f"decision {decision.decision_id}", "the ledger has a different decision with this id", "use a new id"
        )
    return entry


def _fitting(connection: Connection, decision: Decision, *, historic: bool) -> Decision:
    """The decision as it is stored; an undo must refer to an active decision."""
    if historic and not decision.is_undo:
        return decision
    before = [entry.decision for entry in _history(connection, decision.exam_id)]
    if decision.undoes is not None:
        _check_undo(decision, decision.undoes, before)
    last = max((one.time for one in before), default=decision.time)
    return decision if historic or last <= decision.time else replace(decision, time=last)


def _check_undo(undo: Decision, undone: uuid.UUID, before: list[Decision]) -> None:
    if not any(one.decision_id == undone and not one.is_undo for one in before):
        raise RequestError(f"decision {undone}", "is not a decision on this exam", "undo one from its history")
    active = active_decisions(before)
    for image in undo.images:
        if all(one.decision_id != undone for one in active.get(image, ())):
            raise RequestError(f"decision {undone}", f"does not count for image {image}", "undo one that still counts")


def _entry(connection: Connection, decision_id: uuid.UUID) -> Entry | None:
    rows = _fetched(connection, select(DECISIONS).where(DECISIONS.c.decision_id == str(decision_id)))
    return entry_of(rows[0]) if rows else None


def _erased(connection: Connection, decision: Decision | Tombstone) -> AnyEntry | None:
    """What was erased here, and is now imported from a copy of earlier, or again."""
    content = decision.content if isinstance(decision, Tombstone) else content_of(row_of(decision))
    rows = _fetched(connection, select(DECISIONS).where(DECISIONS.c.content == content))
    return any_entry_of(rows[0]) if rows else None


def _history(connection: Connection, exam_id: str) -> list[Entry]:
    wanted = select(DECISIONS).where(DECISIONS.c.exam_id == exam_id).order_by(DECISIONS.c.sequence)
    return [entry_of(row) for row in _fetched(connection, wanted)]


def _head(connection: Connection) -> Head:
    last = select(DECISIONS.c.sequence, DECISIONS.c.hash).order_by(DECISIONS.c.sequence.desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return Head() if row is None else Head(row.sequence, row.hash)


def _fetched(connection: Connection, wanted: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(wanted).mappings()]
