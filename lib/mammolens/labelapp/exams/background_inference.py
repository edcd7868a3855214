"""Inference of new exams in the background: on request, or as they arrive."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import MammoLensError, ModelError, PacsError, StorageError, UnknownImageError
from mammolens.files import write_text
from mammolens.inference.exam_text import patient_text
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.exams.result_retention import DAY_S
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import BackgroundInferenceStatus, ExamState, ExamSummary, InferenceFailure

_log = logging.getLogger(__name__)
_SWITCH, _PROGRESS = "switch.json", "progress.json"
SETTLED_S = 30.0  # the views of an exam arrive one by one
RETRY_S = 300.0
_LOOK_S = 1.0  # another process of the server may have received the request
_LOOK_FOR_ARRIVALS_S = 5.0
_PAUSE_S = 30.0
_PATIENCE_S = 30.0  # a change takes milliseconds
_MOST_UNAVAILABLE = 2  # in a row: each may have taken as long as the PACS timeout
T = TypeVar("T", bound=BaseModel)
_INCOMPLETE = "not all views could be analysed; see the server's log"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Switch(_Stored):
    """What users requested, and since when exams count as arrived, in seconds since the epoch."""

    requested: bool = False  # a run over all new exams, until none is left
    stopped_by: str | None = None
    arrivals_since: float | None = None
    changes: int = 0  # by people

    def asked(self, *, requested: bool, stopped_by: str | None) -> _Switch:
        """The switch after this request."""
        update = {"requested": requested, "stopped_by": stopped_by, "changes": self.changes + 1}
        return self.model_copy(update=update)


class _Progress(_Stored):
    """Of the current run, or of the last one."""

    exam: str | None = None
    done: int = 0
    total: int = 0
    waiting: str | None = None
    failures: dict[str, str] = Field(default_factory=dict)


class BackgroundInference:
    """Infers one new exam after the other in a thread; what was asked for is kept in files and survives a restart.

    A requested run takes all exams that are new and ends when none is left. Exams that came by C-STORE are taken once
    their last image was first seen :data:`SETTLED_S` seconds ago. On arrival, exams count that were first
    seen since this was configured, whose last image was first seen :data:`SETTLED_S` seconds ago, and that nobody has
    decided on. An exam that cannot be inferred is tried again after :data:`RETRY_S` seconds, or by the next request.
    Each process of a server may have one: all answer requests, one of them infers.

    Args:
        service: infers exams.
        images: the datastore.
        folder: for the files; made if missing.
        on_arrival: whether to infer exams as they arrive.
        receives: whether to do so with those that come by C-STORE.
        results_days: for which results are kept; exams that arrived earlier wait for a request. ``None``: for ever.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        service: ExamService,
        images: ExamImages,
        folder: Path,
        *,
        on_arrival: bool,
        receives: bool = False,
        results_days: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._service, self._images, self._folder = service, images, folder
        self._on_arrival, self._receives, self._now = on_arrival, receives, now
        self._kept_s = math.inf if results_days is None else results_days * DAY_S
        self._wake = threading.Event()
        self._set_aside: dict[str, float] = {}  # exams that failed, and when to try them again
        self._seen_changes = -1
        self._unavailable = 0
        self._paused_until = 0.0

    def start(self) -> None:
        """Infer from now on, in a thread that ends with the process."""
        threading.Thread(target=self._lead, name="background inference", daemon=True).start()

    def request(self) -> None:
        """Infer all exams that are new now, and go on with those that arrive."""
        self._change(lambda switch: switch.asked(requested=True, stopped_by=None))

    def stop(self, by: str) -> None:
        """Infer no further exam until the next request; the exam in progress is completed."""
        self._change(lambda switch: switch.asked(requested=False, stopped_by=by))

    def forget(self, exam_ids: Collection[str]) -> None:
        """Forget why exams could not be inferred, as they were erased."""
        progress = self._progress()
        failures = {exam: reason for exam, reason in progress.failures.items() if exam not in exam_ids}
        if failures != progress.failures:
            self._save(progress.model_copy(update={"failures": failures}))

    def status(self) -> BackgroundInferenceStatus:
        """What is being done; a failure counts until its exam has a result."""
        switch, progress = self._switch(), self._progress()
        try:
            entries = {entry.exam: entry for entry in self._service.worklist.entries()}
        except MammoLensError:  # such as a PACS that is down; the exams are not named then
            entries = {}
        failures = [
            InferenceFailure(exam=exam, patient=patient_text(entries[exam].patient), reason=reason)
            for exam, reason in progress.failures.items()
            if exam in entries and entries[exam].state is ExamState.NEW
        ]
        active = self._is_active(switch)
        patient = patient_text(entries[progress.exam].patient) if progress.exam in entries else None
        return BackgroundInferenceStatus(
            on_arrival=self._on_arrival,
            requested=switch.requested,
            active=active,
            exam=progress.exam,
            done=progress.done,
            total=progress.total,
            waiting=progress.waiting if active else None,
            failures=failures,
            stopped_by=switch.stopped_by,
            sentence=self._sentence(switch, progress, patient),
        )

    def look(self) -> bool:
        """Infer the next exam that is due; returns whether there was one."""
        switch = self._switch()
        if switch.changes != self._seen_changes:
            self._seen_changes = switch.changes
            self._set_aside.clear()
            self._paused_until = 0.0
            self._save(_Progress(failures={} if switch.requested else self._progress().failures))
        if not self._is_active(switch) or self._now() < self._paused_until:
            return False
        if switch.arrivals_since is None and self._on_arrival:
            switch = self._change(lambda switch: switch.model_copy(update={"arrivals_since": self._now()}))
        progress = self._progress()
        try:
            due = self._due(switch)
        except MammoLensError as error:
            self._pause(progress, error)
            return False
        if not due:
            self._rest(switch, progress)
            return False
        self._infer(due, progress)
        return True

    def _infer(self, due: list[ExamSummary], progress: _Progress) -> None:
        entry = due[0]
        progress = progress.model_copy(update={"exam": entry.exam, "total": progress.done + len(due), "waiting": None})
        self._save(progress)
        failures = {exam: reason for exam, reason in progress.failures.items() if exam != entry.exam}
        error: MammoLensError | None = None
        try:
            self._service.infer(self._service.exams.get(entry.exam))
            if self._is_incomplete(entry):
                failures[entry.exam] = _INCOMPLETE
        except UnknownImageError:
            pass  # removed since it was listed
        except MammoLensError as raised:
            error, failures[entry.exam] = raised, str(raised)
            _log.warning("exam %s: %s", entry.exam, raised)
        if entry.exam in failures:
            self._set_aside[entry.exam] = self._now() + RETRY_S
        progress = progress.model_copy(update={"exam": None, "done": progress.done + 1, "failures": failures})
        self._save(progress)
        self._unavailable = self._unavailable + 1 if isinstance(error, PacsError | ModelError) else 0
        if error is not None and self._unavailable >= _MOST_UNAVAILABLE:
            self._pause(progress, error)

    def _due(self, switch: _Switch) -> list[ExamSummary]:
        now = self._now()
        new = [
            entry
            for entry in self._service.worklist.entries()
            if entry.state is ExamState.NEW and self._set_aside.get(entry.exam, 0.0) <= now
        ]
        if switch.requested:
            return new
        since = switch.arrivals_since if switch.arrivals_since is not None else now
        settled = [
            entry
            for entry in new
            if entry.verdict is None and now - self._kept_s < self._arrived(entry) <= now - SETTLED_S
        ]
        return [
            entry
            for entry in settled
            if (self._on_arrival and since <= self._arrived(entry)) or (self._receives and self._was_received(entry))
        ]

    def _arrived(self, entry: ExamSummary) -> float:
        infos = self._images.infos(entry.images)
        return max((float(info.get(InfoKey.FIRST_SEEN, 0)) for info in infos.values()), default=0.0)

    def _was_received(self, entry: ExamSummary) -> bool:
        return any(InfoKey.RECEIVED in info for info in self._images.infos(entry.images).values())

    def _is_incomplete(self, entry: ExamSummary) -> bool:
        """Whether the exam is still new, although no view was added."""
        return any(
            one.state is ExamState.NEW and one.images == entry.images
            for one in self._service.worklist.entries()
            if one.exam == entry.exam
        )

    def _is_active(self, switch: _Switch) -> bool:
        return switch.requested or (self._waits and switch.stopped_by is None)

    @property
    def _waits(self) -> bool:
        """Whether exams are inferred that nobody requests."""
        return self._on_arrival or self._receives

    def _rest(self, switch: _Switch, progress: _Progress) -> None:
        """Nothing is due: a requested run ends, and the next exam that arrives begins the count again."""
        if switch.requested:
            self._change(self._ended)
        if progress.done or progress.waiting:
            self._save(_Progress(failures=progress.failures))

    def _pause(self, progress: _Progress, error: MammoLensError) -> None:
        self._save(progress.model_copy(update={"waiting": str(error)}))
        self._paused_until = self._now() + _PAUSE_S

    def _sentence(self, switch: _Switch, progress: _Progress, patient: str | None) -> str:
        if progress.exam is not None:
            text = f"Analysing exam {progress.done + 1} of {progress.total}: {patient or progress.exam}"
            return text if self._is_active(switch) else f"{text}; stopping after it"
        if not self._is_active(switch):
            if self._waits:
                return f"New exams are not analysed: {switch.stopped_by} stopped it"
            return ""
        if progress.waiting:
            return f"Waiting, and trying again every {_PAUSE_S:.0f} seconds: {progress.waiting}"
        if switch.requested:
            return "Starting"
        return "New exams are analysed as they arrive" + ("" if self._on_arrival else " by C-STORE")

    def _lead(self) -> None:
        while True:
            try:
                with self._lock("leader", _LOOK_S):
                    self._recover()
                    while True:
                        self._wake.clear()
                        if not self.look():
                            self._wake.wait(_LOOK_FOR_ARRIVALS_S if self._waits else _LOOK_S)
            except Timeout:  # another process leads
                time.sleep(_LOOK_S)
            except Exception:  # noqa: BLE001 - such as a full disk: it continues once that is fixed
                _log.exception("background inference failed; it tries again")
                time.sleep(_PAUSE_S)

    def _recover(self) -> None:
        """Forget the exam that a server which died was inferring; it is still new."""
        self._seen_changes = self._switch().changes
        self._save(self._progress().model_copy(update={"exam": None}))

    def _ended(self, switch: _Switch) -> _Switch:
        """The switch after a requested run, unless it was requested again meanwhile."""
        return switch.model_copy(update={"requested": switch.changes != self._seen_changes})

    def _change(self, changed: Callable[[_Switch], _Switch]) -> _Switch:
        """Change the switch.

        Raises:
            StorageError: another process does not release the lock.
        """
        try:
            with self._lock("changing", _PATIENCE_S):
                switch = changed(self._switch())
                write_text(self._folder / _SWITCH, switch.model_dump_json())
        except Timeout as error:
            raise StorageError(self._folder, "is being changed by another process", "try again") from error
        self._wake.set()
        return switch

    def _switch(self) -> _Switch:
        return _read(_Switch, self._folder / _SWITCH)

    def _progress(self) -> _Progress:
        return _read(_Progress, self._folder / _PROGRESS)

    def _save(self, progress: _Progress) -> None:
        if progress != self._progress():
            write_text(self._folder / _PROGRESS, progress.model_dump_json())

    def _lock(self, name: str, seconds: float) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(str(self._folder / f".{name}.lock"), timeout=seconds)


def _read(kind: type[T], path: Path) -> T:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return kind()
    except (OSError, ValidationError) as error:
        _log.warning("%s: cannot be read (%s); it is ignored", path, str(error).splitlines()[0])
        return kind()
