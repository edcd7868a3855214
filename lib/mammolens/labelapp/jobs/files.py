"""Jobs as files, so that they outlive the server: written whole, never half."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from mammolens.errors import StorageError, UnknownJobError
from mammolens.files import remove_leftovers, write_text
from mammolens.labelapp.jobs.job import Ending, Job, Track

_log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}")
_JOB, _TRACK, _ENDING, _STOP = ".json", ".track.json", ".ending.json", ".stop"
_WORK = "work"
_PATIENCE_S = 30.0  # a change takes milliseconds
M = TypeVar("M", bound=BaseModel)


class JobFiles:
    """``<root>/<job>.json`` and beside it what its process writes: ``.track.json`` and ``.ending.json``.

    The server alone writes the job, the process that learns alone its track and ending while it runs. A file
    ``<job>.stop`` says that the job shall end. Whoever holds ``.leader.lock`` runs the queue, whoever holds
    ``.learner.lock`` learns: the system releases both when a process dies, however it does.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def all(self) -> list[Job]:
        """Every job, the newest first; files that hold none are left out."""
        paths = (path for path in self.root.glob(f"*{_JOB}") if _ID.fullmatch(path.name.removesuffix(_JOB)))
        found = [job for path in paths if (job := _read(Job, path))]
        return sorted(found, key=lambda job: (job.asked_at, job.job), reverse=True)

    def get(self, name: str) -> Job:
        """A job.

        Raises:
            UnknownJobError: there is none of that name.
        """
        job = _read(Job, self._path(name, _JOB)) if _ID.fullmatch(name) else None
        if job is None:
            raise UnknownJobError(
                f"job {name[:40]!a}", "is not known here", "see GET /mammolens/jobs for those that are"
            )
        return job

    def save(self, job: Job) -> Job:
        """Write a job; gives it back."""
        write_text(self._path(job.job, _JOB), job.model_dump_json())
        return job

    def track(self, name: str) -> Track:
        """How far a job is, and its last lines."""
        return _read(Track, self._path(name, _TRACK)) or Track()

    def save_track(self, name: str, track: Track) -> None:
        """Write it."""
        write_text(self._path(name, _TRACK), track.model_dump_json())

    def ending(self, name: str) -> Ending | None:
        """What the process of a job said at its end; ``None``: it has said nothing."""
        return _read(Ending, self._path(name, _ENDING))

    def save_ending(self, name: str, ending: Ending) -> None:
        """Write it."""
        write_text(self._path(name, _ENDING), ending.model_dump_json())

    def ask_to_stop(self, name: str, by: str) -> None:
        """Tell whoever runs the queue that a job shall end."""
        write_text(self._path(name, _STOP), by)

    def stop_asked_by(self, name: str) -> str | None:
        """Who did; ``None``: nobody."""
        try:
            return self._path(name, _STOP).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def clear(self, name: str) -> None:
        """Remove ending and wish to stop, before a job begins anew."""
        for suffix in (_ENDING, _STOP):
            self._path(name, suffix).unlink(missing_ok=True)

    def workplace(self, name: str) -> Path:
        """A folder of the job's own, where it may leave what it needs to go on; not made here."""
        return self.root / _WORK / name

    def forget(self, name: str) -> None:
        """Remove a job, and what it left behind."""
        for suffix in (_ENDING, _STOP, _TRACK, _JOB):
            self._path(name, suffix).unlink(missing_ok=True)
        for left_over in (self.root / _WORK).glob(f"*{name}*"):  # a checkpoint lies beside the folder
            shutil.rmtree(left_over, ignore_errors=True)
        remove_leftovers(self.root)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One change of the queue at a time, whichever process makes it.

        Raises:
            StorageError: another process does not get ready.
        """
        try:
            with self._lock(".lock", _PATIENCE_S):
                yield
        except Timeout as error:
            raise StorageError(self.root, "is being changed by another process", "try again in a minute") from error

    @contextmanager
    def leading(self, seconds: float) -> Iterator[bool]:
        """Be the one who runs the queue; false where somebody else is for so long."""
        lock = self._lock(".leader.lock", seconds)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Be the one process that learns; waits until no other one is."""
        with self._lock(".learner.lock"):
            yield

    def _lock(self, name: str, seconds: float = -1) -> FileLock:
        self.root.mkdir(parents=True, exist_ok=True)
        return FileLock(str(self.root / name), timeout=seconds)

    def _path(self, name: str, suffix: str) -> Path:
        return self.root / f"{name}{suffix}"


def _read(kind: type[M], path: Path) -> M | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning("%s: cannot be read (%s); it is left out", path, str(error).splitlines()[0])
        return None
