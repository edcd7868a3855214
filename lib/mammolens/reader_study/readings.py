"""Reader studies on disk: a folder each, with its plan and an append-only, hash-chained file of readings."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import LedgerError, RequestError, StorageError, UnknownStudyError
from mammolens.files import write_text
from mammolens.reader_study.plan import Case, StudyPlan, reading_order
from mammolens.review.chain import GENESIS
from mammolens.review.rows import canonical

PLAN, READINGS = "plan.json", "readings.jsonl"
_HASH: Final = "hash"
LONGEST_COMMENT: Final = 2000


class Reading(BaseModel):
    """A reader's assessment of one case; never changed afterwards.

    Attributes:
        id: chosen by the client, so that a repeated request is stored once.
        reader: account.
        exam, session, heat: of the case.
        likelihood: answer to the study's question, 0 to 100.
        recall: whether the reader would recall the patient.
        seconds: from the moment all images were drawn to the answer, as the viewer measures them.
        comment: the reader's.
        time: UTC, the server's clock.
        model: whose result was shown; ``None``: none was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: UUID
    reader: str
    exam: str
    session: int = Field(ge=1, le=2)
    heat: bool
    likelihood: int = Field(ge=0, le=100)
    recall: bool
    seconds: float = Field(ge=0, le=86_400)
    comment: str = Field("", max_length=LONGEST_COMMENT)
    time: datetime
    model: str | None = None

    def answer(self) -> tuple[object, ...]:
        """What the person said; equal for retries of one request."""
        return self.id, self.reader, self.exam, self.session, self.likelihood, self.recall, self.comment


class ReaderStudies:
    """The studies in a folder; safe to use from several threads of one process.

    Args:
        folder: of all studies; made with the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()

    def names(self) -> list[str]:
        """Of all studies, sorted."""
        return sorted(path.parent.name for path in self._folder.glob(f"*/{PLAN}"))

    def create(self, plan: StudyPlan) -> None:
        """Begin a study.

        Raises:
            RequestError: there is another study of this name.
            StorageError: it cannot be written.
        """
        with self._lock:
            path = self._folder / plan.name / PLAN
            if path.exists():
                if self.plan(plan.name) == plan:
                    return
                raise RequestError(
                    f"study {plan.name}",
                    "already exists with a different plan, which cannot be changed",
                    "use another name",
                )
            write_text(path, plan.model_dump_json(indent=2) + "\n")

    def plan(self, name: str) -> StudyPlan:
        """The plan of a study.

        Raises:
            UnknownStudyError: there is none of this name.
            LedgerError: its file is damaged.
        """
        if name not in self.names():
            raise UnknownStudyError(f"study {name[:80]!a}", "does not exist", "see 'mammolens study list'")
        path = self._folder / name / PLAN
        try:
            return StudyPlan.model_validate_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise LedgerError(path, "is damaged", "restore it from a backup") from error

    def readings(self, name: str) -> list[Reading]:
        """All readings of a study, the oldest first.

        Raises:
            UnknownStudyError: there is no such study.
            LedgerError: a reading was changed, removed or torn; names the line.
        """
        with self._lock:
            self.plan(name)
            return [reading for reading, _ in self._chained(name)]

    def next_case(self, name: str, reader: str) -> Case | None:
        """The reader's first case without a reading; ``None``: all are read.

        Raises:
            RequestError: not a reader of the study.
        """
        plan = self.plan(name)
        if reader not in plan.readers:
            raise RequestError(f"study {name}", f"{reader!r} is not one of its readers", "log in as one of them")
        done = {(one.session, one.exam) for one in self.readings(name) if one.reader == reader}
        return next((case for case in reading_order(plan, reader) if (case.session, case.exam) not in done), None)

    def not_before(self, name: str, reader: str, case: Case) -> datetime | None:
        """When a case of the second session may be read first, UTC; ``None``: there is no such limit."""
        times = [one.time for one in self.readings(name) if one.reader == reader and one.session < case.session]
        return max(times) + timedelta(days=self.plan(name).washout_days) if times else None

    def append(self, name: str, reading: Reading) -> None:
        """Store a reading; when this returns, it is on disk.

        Raises:
            RequestError: it is not of the reader's next case, too early, or its id belongs to another one.
            StorageError: it cannot be written.
        """
        with self._lock:
            chained = self._chained(name)
            known = next((one for one, _ in chained if one.id == reading.id), None)
            if known is not None:
                if known.answer() != reading.answer():
                    raise RequestError(
                        f"reading {reading.id}", "is already stored with a different answer", "use a new id"
                    )
                return
            case = self.next_case(name, reading.reader)
            if case is None or (case.session, case.exam, case.heat) != (reading.session, reading.exam, reading.heat):
                raise RequestError(
                    f"exam {reading.exam}", "is not the reader's next case", "open the study again and read that one"
                )
            start = self.not_before(name, reading.reader, case)
            if start is not None and reading.time < start:
                raise RequestError(f"study {name}", f"session 2 begins on {start:%Y-%m-%d}", "wait until then")
            self._write(name, _line(reading, chained[-1][1] if chained else GENESIS))

    def _write(self, name: str, line: str) -> None:
        path = self._folder / name / READINGS
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                before = os.fstat(descriptor).st_size
                try:
                    if os.write(descriptor, content := line.encode()) < len(content):
                        raise OSError("the disk is full")
                    os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, before)
                    raise
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = f"the reading cannot be written ({error.strerror or error})"
            raise StorageError(path, reason, "free some space or correct the permissions") from error

    def _chained(self, name: str) -> list[tuple[Reading, str]]:
        path = self._folder / name / READINGS
        if not path.exists():
            return []
        found: list[tuple[Reading, str]] = []
        previous = GENESIS
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(text)
                stated = row.pop(_HASH)
                reading = Reading.model_validate(row)
            except (ValueError, KeyError, AttributeError, ValidationError) as error:
                raise LedgerError(f"{path}, line {number}", "is damaged", "restore the file from a backup") from error
            if stated != _hash(row, previous):
                raise LedgerError(
                    f"{path}, line {number}", "does not match its hash: it was changed", "restore it from a backup"
                )
            previous = stated
            found.append((reading, stated))
        return found


def progress(plan: StudyPlan, readings: Sequence[Reading], reader: str) -> tuple[int, int]:
    """How many of a reader's cases are read, and how many there are."""
    return sum(one.reader == reader for one in readings), len(reading_order(plan, reader))


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


def _line(reading: Reading, previous: str) -> str:
    row = reading.model_dump(mode="json")
    return canonical({**row, _HASH: _hash(row, previous)}) + "\n"


def _hash(row: dict[str, Any], previous: str) -> str:
    return hashlib.sha256((previous + canonical(row)).encode("ascii")).hexdigest()
