"""The history of a model store: append-only JSON lines."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import ModelError
from mammolens.files import write_text

_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})\n")
_REMEDY = "restore it from a backup, or move it and its head away; the models themselves are not touched"


class EventKind(StrEnum):
    """Events in the life of a version."""

    ADDED = "added"
    PROMOTED = "promoted"
    REFUSED = "refused"
    WAITS = "waits"  # it passed the gate and awaits a person's approval
    ROLLED_BACK = "rolled_back"
    FOUND = "found"  # the pointer contradicts the previous line: a change was interrupted or made by hand

    @property
    def label(self) -> str:
        """What a person reads: 'put in use'."""
        return _LABELS[self]


_LABELS = {
    EventKind.ADDED: "added",
    EventKind.PROMOTED: "put in use",
    EventKind.REFUSED: "rejected",
    EventKind.WAITS: "awaits approval",
    EventKind.ROLLED_BACK: "rolled back to",
    EventKind.FOUND: "found in use",
}


class HistoryEvent(BaseModel):
    """One line; no identifier of a patient."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: EventKind
    version: str | None = Field(description="that it is about; None: the model inside the package")
    previous: str | None = Field(description="that served when it happened; None: the model inside the package")
    by: str = Field(description="who: a person, or the program that did it automatically")
    why: str = Field("", description="the reason in words")
    gate_result: str | None = Field(None, description="file of the gate result, in the store's folder 'gate-results'")
    overridden: bool = Field(False, description="promoted by a person against the gate")
    at: datetime = Field(default_factory=lambda: datetime.now(UTC), description="UTC")
    checksums: str | None = Field(None, description="SHA-256 of the checksums of a version that was added")
    previous_hash: str | None = Field(
        None, description="SHA-256 of the line before, of nothing in the first; None: written without a chain"
    )

    @property
    def label(self) -> str:
        """What happened, in words: 'put in use, overriding the gate'."""
        return f"{self.event.label}, overriding the gate" if self.overridden else self.event.label


class History:
    """A file of entries, oldest first, each with the hash of the line before; the writer holds the store's lock.

    Number and hash of the last line are kept in another file, the head, by which a cut end is found. It is written
    after the line, so after a crash it may be of the line before.

    A line is whole where it ends with a newline. A process that was killed while it wrote leaves a torn last line,
    which counts as never written and goes with the next entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head = path.with_suffix(".head")

    def entries(self) -> tuple[HistoryEvent, ...]:
        """All whole entries.

        Raises:
            ModelError: naming the line that is none, or was changed, removed or inserted.
        """
        lines = self._lines_up_to_the_head()
        entries = tuple(self._entry(number, line) for number, line in enumerate(lines, 1))
        chained = False
        for number, entry in enumerate(entries, 1):
            chained = chained or entry.previous_hash is not None
            if chained and entry.previous_hash != _hash_before(lines, number):
                reason = f"line {number} does not continue the line before it: a line was changed or removed"
                raise ModelError(self.path, reason, _REMEDY)
        return entries

    def append(self, entry: HistoryEvent) -> None:
        """Write an entry through to the disk, chained to the one before.

        Raises:
            ModelError: the file ends before the head that was kept.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._lines_up_to_the_head()
        chained = entry.model_copy(update={"previous_hash": _hash_before(lines, len(lines) + 1)})
        line = chained.model_dump_json().encode()
        with self.path.open("ab") as file:
            file.truncate(sum(len(one) + 1 for one in lines))
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        write_text(self._head, f"{len(lines) + 1}:{hashlib.sha256(line).hexdigest()}\n")

    def _lines_up_to_the_head(self) -> list[bytes]:
        """The whole lines, that of the head among them, if one was kept."""
        try:  # before the lines, since another process may be writing both
            head = self._head.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            head = None
        lines = self._content().split(b"\n")[:-1]
        if head is not None:
            self._check_head(head, lines)
        return lines

    def _check_head(self, head: str, lines: list[bytes]) -> None:
        kept = _HEAD.fullmatch(head)
        if kept is None:
            raise ModelError(self._head, "is not NUMBER:HASH", "delete it once you know that the history is complete")
        number = int(kept[1])
        if len(lines) < number:
            raise ModelError(self.path, f"ends at line {len(lines)}, but its head is of line {number}", _REMEDY)
        if hashlib.sha256(lines[number - 1]).hexdigest() != kept[2]:
            raise ModelError(self.path, f"line {number} does not match the stored head", _REMEDY)

    def _content(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def _entry(self, number: int, line: bytes) -> HistoryEvent:
        try:
            return HistoryEvent.model_validate_json(line)
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise ModelError(self.path, f"line {number} is not an entry ({what})", _REMEDY) from error


def _hash_before(lines: list[bytes], number: int) -> str:
    """Of the line before a line, counted from 1."""
    return hashlib.sha256(lines[number - 2] if number > 1 else b"").hexdigest()


def served(entries: Iterable[HistoryEvent]) -> list[str | None]:
    """The versions that rolling back would lead through, the serving one last.

    The first is ``None``, the model inside the package. Two neighbours are never the same.
    """
    line: list[str | None] = [None]
    for entry in entries:
        if entry.event in (EventKind.ADDED, EventKind.REFUSED, EventKind.WAITS):
            continue
        if entry.event is not EventKind.PROMOTED and entry.version in line:
            while line[-1] != entry.version:
                line.pop()
        elif line[-1] != entry.version:
            line.append(entry.version)
    return line
