"""The history of a model store: append-only JSON lines."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import ModelError


class EventKind(StrEnum):
    """Events in the life of a version."""

    ADDED = "added"
    PROMOTED = "promoted"
    REFUSED = "refused"
    WAITS = "waits"  # it passed the gate and awaits a person's approval
    ROLLED_BACK = "rolled_back"
    FOUND = "found"  # the pointer contradicts the previous line: a change was interrupted or made by hand


class HistoryEvent(BaseModel):
    """One line; no identifier of a patient."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: EventKind
    version: str | None = Field(description="that it is about; None: the model inside the package")
    previous: str | None = Field(description="that served when it happened; None: the model inside the package")
    by: str = Field(description="who: a person, or the program that did it by itself")
    why: str = Field("", description="the reason in words")
    gate_result: str | None = Field(None, description="file of the gate result, in the store's folder 'gate-results'")
    overridden: bool = Field(False, description="promoted by a person against the gate")
    at: datetime = Field(default_factory=lambda: datetime.now(UTC), description="UTC")


class History:
    """A file of entries, oldest first; the writer holds the store's lock.

    A line is whole where it ends with a newline. A process that was killed while it wrote leaves a torn last line,
    which counts as never written and goes with the next entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> tuple[HistoryEvent, ...]:
        """All whole entries.

        Raises:
            ModelError: naming the line that is none.
        """
        lines = self._content().split(b"\n")[:-1]
        return tuple(self._entry(number, line) for number, line in enumerate(lines, 1))

    def append(self, entry: HistoryEvent) -> None:
        """Write an entry through to the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._content().rfind(b"\n") + 1
        with self.path.open("ab") as file:
            file.truncate(whole)
            file.write(entry.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _content(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def _entry(self, number: int, line: bytes) -> HistoryEvent:
        try:
            return HistoryEvent.model_validate_json(line)
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            remedy = "restore it from a backup, or move it away; the models themselves are not touched"
            raise ModelError(self.path, f"line {number} is not an entry ({what})", remedy) from error


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
