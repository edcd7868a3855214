"""The audit log: a file of SQLite whose records form a hash chain, and its head in a file beside it.

A record survives the end of its process, however sudden, once :meth:`AuditLog.append` has returned: the system has it.
:meth:`AuditLog.sync` brings what there is to the disk itself, so that it survives a power cut, too.
"""

from __future__ import annotations

import errno
import re
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mammolens import __version__
from mammolens.access_audit.event import (
    ERASABLE,
    AuditColumn,
    AuditEvent,
    AuditRecord,
    hash_of_row,
    is_erased,
    record_of_row,
    row_of_event,
    subject_of_row,
)
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.errors import LedgerError, MammoLensError, StorageError
from mammolens.review.chain import Head
from mammolens.review.kept_head import KeptHead
from mammolens.review.rows import text_of_time

_VERSION = 2  # of the tables, in SQLite's own user_version
_BUSY_S = 10.0
_PAGE = 1000  # records that are in memory at once
_NO_END = 2**63 - 1
_RETENTION = "retention"  # the user of its events
_ERASURE = "; erased records "  # in the detail of its event, before their numbers
_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")
_KEPT_COLUMNS = [one for one in AuditColumn if one not in (*ERASABLE, AuditColumn.SUBJECT)]
_IS_ERASURE = " AND ".join(
    [
        "OLD.subject IS NULL AND NEW.subject IS NOT NULL",
        *(f"NEW.{one} IS OLD.{one}" for one in _KEPT_COLUMNS),
        *(f"NEW.{one} IS NULL" for one in ERASABLE),
    ]
)
_TABLES = f"""
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, time TEXT NOT NULL, event TEXT NOT NULL, event_type TEXT, action TEXT NOT NULL,
    outcome INTEGER NOT NULL, user TEXT NOT NULL, roles TEXT NOT NULL, address TEXT NOT NULL, patient TEXT, exam TEXT,
    image TEXT, detail TEXT NOT NULL, request_id TEXT NOT NULL, salt TEXT, subject TEXT, previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX events_by_patient ON events (patient, sequence);
CREATE INDEX events_by_user ON events (user, sequence);
CREATE INDEX events_by_time ON events (time);
CREATE TRIGGER events_no_update BEFORE UPDATE ON events WHEN NOT ({_IS_ERASURE})
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
_COLUMNS = ", ".join(AuditColumn)
_INSERT = f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join(f':{column}' for column in AuditColumn)})"  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records to show; ``None``: no restriction.

    Attributes:
        patient, user, exam: exactly this one.
        since: at this time or later.
        until: before this time.
        after: records after this number.
    """

    patient: str | None = None
    user: str | None = None
    exam: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0

    def _condition(self) -> tuple[str, dict[str, Any]]:
        wanted = {"patient": self.patient, "user": self.user, "exam": self.exam}
        terms = ["sequence > :after", *(f"{name} = :{name}" for name, value in wanted.items() if value is not None)]
        values: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        values["after"] = self.after
        for term, moment in (("time >= :since", self.since), ("time < :until", self.until)):
            if moment is not None:
                terms.append(term)
                values[term.rpartition(":")[2]] = text_of_time(moment)
        return " AND ".join(terms), values


@dataclass(frozen=True, slots=True)
class AuditSubjects:
    """Whose data records are about.

    Attributes:
        patients, exams, images: as :class:`AuditEvent` names them.
    """

    patients: Collection[str]
    exams: Collection[str]
    images: Collection[str]

    def include(self, row: Mapping[str, Any]) -> bool:
        """Whether a record names one of them."""
        named = (AuditColumn.PATIENT, self.patients), (AuditColumn.EXAM, self.exams), (AuditColumn.IMAGE, self.images)
        return any(row[column] in names for column, names in named)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        records: that were read.
        removed: that were removed by retention before the first one.
        head: of the last record that was reached.
        fault: the first difference from what was written; ``None``: there is none.
        erased: of the records, how many no longer say whose data were accessed.
    """

    records: int
    removed: int
    head: Head
    fault: str | None = None
    erased: int = 0


class AuditLog:
    """An append-only log, safe to use from several threads and processes.

    Args:
        path: of the file; its folder is made if need be.
        create: begin a log if there is none.

    Raises:
        LedgerError: there is no log, it was emptied, or a newer MammoLens has written it.
        StorageError: it cannot be written.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._kept = KeptHead(path)
        self._kept.refuse_emptied()
        if not path.exists():
            if not create:
                raise LedgerError(path, "there is no audit log", "give the path of one")
            _touch(path)
        with self._in_words():
            self._connection = self._connect()
            self._set_up()
            self._check_kept_head()

    def append(self, event: AuditEvent) -> AuditRecord:
        """Store an event.

        Raises:
            LedgerError, StorageError: it cannot be stored.
        """
        with self._writing() as connection:
            return self._insert(connection, event)

    def records(self, wanted: AuditQuery = AuditQuery(), *, limit: int | None = None) -> Iterator[AuditRecord]:
        """Records in their order, read page by page; others may append meanwhile.

        Raises:
            LedgerError: a record was changed; :meth:`verify` gives details.
        """
        for row in self._rows(wanted, limit):
            try:
                yield record_of_row(row)
            except (AttributeError, TypeError, ValueError) as error:
                place = f"record {row[AuditColumn.SEQUENCE]} of {self.path}"
                raise LedgerError(place, f"was changed ({error})", "run 'mammolens audit verify'") from error

    def head(self) -> Head:
        """The last record; stored elsewhere, it lets a verification detect that later records were cut off."""
        with self._in_words(), closing(self._connect()) as connection:
            return _head(connection)

    def verify(self, *kept: Head) -> Verification:
        """Follow the chain, and compare it with heads stored elsewhere and with the one beside the file.

        Raises:
            LedgerError: the log cannot be read.
        """
        beside = self._kept.read()  # first, as others may be appending
        expected = {head.sequence: head.hash for head in (*kept, beside) if head is not None and head.sequence}
        return _verification(self._rows(AuditQuery(), None), expected)

    def remove_older(self, days: int, *, now: datetime | None = None) -> int:
        """Remove the records that are older than this, and record that; the last record always stays.

        Args:
            days: of retention.
            now: UTC; by default this moment.

        Returns:
            The number of removed records.

        Raises:
            LedgerError, StorageError: nothing is removed.
        """
        now = now or datetime.now(UTC)
        self.sync()  # the record of the head beside the file must stay
        kept = self._kept.read()
        with self._in_words(), closing(self._connect()) as reader:
            young = reader.execute(
                "SELECT MIN(sequence) FROM events WHERE time >= ?", (text_of_time(now - timedelta(days=days)),)
            ).fetchone()[0]
        upto = min(kept.sequence if kept else 0, young or _NO_END) - 1
        with self._writing() as connection:
            row = connection.execute("SELECT hash FROM events WHERE sequence = ?", (upto,)).fetchone()
            if row is None:
                return 0
            detail = f"removed what is older than {days} days, up to {Head(upto, row['hash'])}"
            event, outcome = AuditEventId.AUDIT_LOG_USED, EventOutcome.SUCCESS
            removal = AuditEvent(event, EventAction.DELETE, outcome, _RETENTION, time=now, detail=detail)
            self._insert(connection, removal)
            return connection.execute("DELETE FROM events WHERE sequence <= ?", (upto,)).rowcount

    def concerning(self, subjects: AuditSubjects) -> list[AuditRecord]:
        """The records that name one of these patients, exams or images.

        Raises:
            LedgerError: a record was changed.
        """
        return [record_of_row(row) for row in self._rows(AuditQuery(), None) if subjects.include(row)]

    def erase(self, subjects: AuditSubjects, record: Callable[[int], AuditEvent]) -> int:
        """Erase from the records whose data were accessed, and record that, all or nothing; the chain still verifies.

        Args:
            subjects: records that name one of them are erased.
            record: the event of the erasure, by the number of erased records.

        Returns:
            The number of erased records.

        Raises:
            LedgerError, StorageError: nothing is erased.
        """
        with self._writing() as connection:
            rows = [dict(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM events WHERE subject IS NULL")]  # noqa: S608
            chosen = [row for row in rows if subjects.include(row)]
            blank = ", ".join(f"{column} = NULL" for column in ERASABLE)
            for row in chosen:
                values = subject_of_row(row), row[AuditColumn.SEQUENCE]
                connection.execute(f"UPDATE events SET {blank}, subject = ? WHERE sequence = ?", values)  # noqa: S608
            event = record(len(chosen))
            numbers = _ranges(row[AuditColumn.SEQUENCE] for row in chosen)
            self._insert(connection, replace(event, detail=event.detail + _ERASURE + numbers) if chosen else event)
        with self._in_words(), closing(self._connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # the log beside the file had them, too
        return len(chosen)

    def sync(self) -> None:
        """Bring all records to the disk itself, and their head into the file beside the log.

        Raises:
            LedgerError, StorageError: they are not on the disk.
        """
        with self._in_words(), closing(self._connect()) as connection:
            head = _head(connection)
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # syncs before it copies
        known = self._kept.read()
        if head.sequence and (known is None or known.sequence < head.sequence):
            self._kept.write(head)

    def copy_to(self, target: Path) -> Head:
        """Write a copy of one moment to a file that does not exist; returns its head."""
        _touch(target)
        with self._in_words(), closing(self._connect()) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            return _head(copy)

    def close(self) -> None:
        """Sync, and close."""
        self.sync()
        with self._lock:
            self._connection.close()

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _insert(self, connection: sqlite3.Connection, event: AuditEvent) -> AuditRecord:
        row = row_of_event(event, _head(connection))
        connection.execute(_INSERT, row)
        return record_of_row(row)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._in_words(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, wanted: AuditQuery, limit: int | None) -> Iterator[Mapping[str, Any]]:
        condition, values = wanted._condition()
        statement = f"SELECT {_COLUMNS} FROM events WHERE {condition} ORDER BY sequence LIMIT :page"  # noqa: S608
        left = limit
        while left is None or left > 0:
            page = _PAGE if left is None else min(_PAGE, left)
            with self._in_words(), closing(self._connect()) as connection:
                rows = [dict(row) for row in connection.execute(statement, {**values, "page": page})]
            yield from rows
            if len(rows) < page:
                return
            values["after"] = rows[-1][AuditColumn.SEQUENCE]
            left = None if left is None else left - page

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlinked
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # no request waits for the disk: `sync` does
        return connection

    def _set_up(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            reason = f"has tables of version {version}, but MammoLens {__version__} knows version {_VERSION}"
            remedy = "use the version of MammoLens that wrote it, or restore a backup of this version's"
            raise LedgerError(self.path, reason, remedy)
        if version == 0:
            self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            self._connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")

    def _check_kept_head(self) -> None:
        kept = self._kept.read()
        if kept is None or not kept.sequence:
            return
        row = self._connection.execute("SELECT hash FROM events WHERE sequence = ?", (kept.sequence,)).fetchone()
        if row is None:
            last = _head(self._connection).sequence
            raise self._kept.lost(f"ends at record {last}, but it had {kept.sequence} records", kept)
        if row["hash"] != kept.hash:
            raise self._kept.lost(f"record {kept.sequence} is not the one that was written", kept)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _in_words(self.path, error) from error


def _verification(rows: Iterator[Mapping[str, Any]], expected: dict[int, str]) -> Verification:
    before: Head | None = None
    first = 0
    count = 0
    removals: set[str] = set()
    erased: list[int] = []
    explained: set[int] = set()
    for row in rows:
        sequence, previous = row[AuditColumn.SEQUENCE], row[AuditColumn.PREVIOUS_HASH]
        if before is None:
            first, before = sequence, Head(sequence - 1, previous)
            start = before
        if sequence != before.sequence + 1:
            return Verification(count, first - 1, before, f"record {before.sequence + 1} is missing")
        has_both = row[AuditColumn.SUBJECT] is not None and not is_erased(row)
        if has_both or hash_of_row(row) != row[AuditColumn.HASH]:
            return Verification(count, first - 1, before, f"record {sequence} does not match its hash: it was changed")
        if previous != before.hash:
            return Verification(count, first - 1, before, f"record {sequence} was written after another record")
        before, count = Head(sequence, row[AuditColumn.HASH]), count + 1
        if is_erased(row):
            erased.append(sequence)
        if row[AuditColumn.ACTION] == EventAction.DELETE:
            if row[AuditColumn.EVENT] == AuditEventId.AUDIT_LOG_USED:
                removals.add(row[AuditColumn.DETAIL].rpartition(" ")[2])
            if row[AuditColumn.EVENT] == AuditEventId.STUDY_DELETED:
                explained |= _numbers(row[AuditColumn.DETAIL].rpartition(_ERASURE)[2])
        if expected.pop(sequence, before.hash) != before.hash:
            return Verification(count, first - 1, before, f"record {sequence} does not match the stored head")
    if before is None:
        fault = "there is no record, but a stored head" if expected else None
        return Verification(0, 0, Head(), fault)
    lost = [number for number in expected if number > before.sequence]
    if lost:
        fault = f"the log ends at record {before.sequence}, but a stored head is of record {max(lost)}"
        return Verification(count, first - 1, before, fault)
    if first > 1 and str(start) not in removals:
        return Verification(count, 0, before, f"records up to {first - 1} are missing, and no retention removed them")
    if first == 1 and start != Head():
        return Verification(count, 0, before, "record 1 does not begin a log")
    if alone := next((number for number in erased if number not in explained), None):
        return Verification(count, first - 1, before, f"record {alone} is erased, and no erasure of it is recorded")
    return Verification(count, first - 1, before, erased=len(erased))


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers in ascending order as '3-5,8'."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _numbers(text: str) -> set[int]:
    """What :func:`_ranges` wrote; nothing else counts."""
    found: set[int] = set()
    for part in text.split(","):
        if match := _NUMBERS.fullmatch(part):
            found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return found


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
    return Head() if row is None else Head(row[0], row[1])


def _touch(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        reason = f"cannot be made ({error.strerror})"
        raise StorageError(path, reason, "allow the server's user to write it, or name another file") from error


def _in_words(path: Path, error: sqlite3.Error) -> MammoLensError:
    message = str(error)
    if "full" in message or "readonly" in message or "unable to open" in message or "disk I/O" in message:
        reason = f"the audit log cannot be written ({message})"
        unwritable = StorageError(path, reason, "free some space or correct its permissions")
        unwritable.errno = errno.ENOSPC if "full" in message else errno.EACCES
        return unwritable
    if "not a database" in message or "malformed" in message:
        return LedgerError(path, f"is not an audit log, or is damaged ({message})", "restore it from a backup")
    return LedgerError(path, f"the database reports: {message}", "make sure that no other program is using it")
