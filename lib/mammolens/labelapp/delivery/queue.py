"""Deliveries that wait, and those that failed: a file each, so that they survive the server."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import StorageError
from mammolens.files import write_text
from mammolens.labelapp.delivery.exam_done import ExamDone

_WAITING, _FAILED = "waiting", "failed"
_KEPT_S: Final = 30 * 24 * 3600.0  # of a delivery that failed
_PATIENCE_S: Final = 30.0  # a change takes milliseconds
_log = logging.getLogger(__name__)


class DeliveryKind(StrEnum):
    """What is sent."""

    DICOM = "dicom"
    WEBHOOK = "webhook"


class Delivery(BaseModel):
    """What is to be sent of the result of one exam, and how far that has come. Times are seconds since the epoch.

    Attributes:
        kind: what.
        exam: id.
        fingerprint: of the result.
        images: ids of those whose objects are sent.
        done: what a webhook tells.
        queued_at: when the result was there.
        due_at: not to be tried earlier.
        attempts: that failed.
        trouble: why the last one did; ``None``: none did.
        stored: SOP Instance UIDs that the destination has.
        refused: by SOP Instance UID, why the destination will never have it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DeliveryKind
    exam: str
    fingerprint: str
    images: tuple[str, ...] = ()
    done: ExamDone | None = None
    queued_at: float
    due_at: float = 0.0
    attempts: int = 0
    trouble: str | None = None
    stored: tuple[str, ...] = ()
    refused: Mapping[str, str] = Field(default_factory=dict)

    @property
    def reasons(self) -> str:
        """Why it is not delivered, or not whole."""
        return "; ".join([*self.refused.values(), *([self.trouble] if self.trouble else [])])


class DeliveryQueue:
    """Deliveries in files; an exam has one of each kind, and a newer result takes the place of an older one.

    Args:
        folder: made when the first delivery comes.
        now: seconds since the epoch.

    Attributes:
        arrived: set by each delivery that comes.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder, self._now = folder, now
        self.arrived = threading.Event()

    def put(self, delivery: Delivery) -> None:
        """Add a delivery.

        Raises:
            StorageError: it cannot be written.
        """
        with self._changing():
            self._write(_WAITING, delivery)
            self._path(_FAILED, delivery).unlink(missing_ok=True)
        self.arrived.set()

    def waiting(self, kind: DeliveryKind) -> list[Delivery]:
        """Those to be tried, in that order."""
        return sorted(self._read(_WAITING, kind), key=lambda one: (one.due_at, one.queued_at, one.exam))

    def failed(self, kind: DeliveryKind) -> list[Delivery]:
        """Those that were given up, or of which something was refused, the latest first; older ones are forgotten."""
        found = self._read(_FAILED, kind)
        for one in found:
            if one.queued_at < self._now() - _KEPT_S:
                self._path(_FAILED, one).unlink(missing_ok=True)
        return sorted(found, key=lambda one: (-one.queued_at, one.exam))

    def put_off(self, before: Delivery, after: Delivery) -> None:
        """Keep a delivery for another attempt.

        Raises:
            StorageError: it cannot be written.
        """
        with self._changing():
            if self._is_current(before):
                self._write(_WAITING, after)

    def end(self, before: Delivery, after: Delivery) -> None:
        """Forget a delivery, or keep it among the failed ones if there are reasons.

        Raises:
            StorageError: it cannot be written.
        """
        with self._changing():
            if not self._is_current(before):
                return  # a newer result waits
            if after.reasons:
                self._write(_FAILED, after)
            self._path(_WAITING, before).unlink(missing_ok=True)

    def forget(self, exams: Collection[str]) -> None:
        """Drop all deliveries of these exams.

        Raises:
            StorageError: the queue cannot be changed.
        """
        with self._changing():
            for state in (_WAITING, _FAILED):
                for kind in DeliveryKind:
                    for exam in exams:
                        self._file(state, exam, kind).unlink(missing_ok=True)

    def _is_current(self, delivery: Delivery) -> bool:
        return _parsed(self._path(_WAITING, delivery)) == delivery

    def _read(self, state: str, kind: DeliveryKind) -> list[Delivery]:
        paths = (self.folder / state).glob(f"*.{kind}.json")
        return [delivery for path in paths if (delivery := _parsed(path))]

    def _write(self, state: str, delivery: Delivery) -> None:
        path = self._path(state, delivery)
        try:
            write_text(path, delivery.model_dump_json())
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            reason, remedy = f"cannot be written ({error.strerror or error})", "correct the permissions"
            raise StorageError(path.parent, reason, remedy) from error

    def _path(self, state: str, delivery: Delivery) -> Path:
        return self._file(state, delivery.exam, delivery.kind)

    def _file(self, state: str, exam: str, kind: DeliveryKind) -> Path:
        return self.folder / state / f"{exam}.{kind}.json"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(str(self.folder / ".changing.lock"), timeout=_PATIENCE_S):
                yield
        except Timeout as error:
            raise StorageError(self.folder, "is being changed by another process", "try again") from error


def _parsed(path: Path) -> Delivery | None:
    try:
        return Delivery.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning("%s: cannot be read (%s); it is ignored", path, str(error).splitlines()[0])
        return None
