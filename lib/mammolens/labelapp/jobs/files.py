"""Learning jobs as files, which outlive the server; each file is written whole or not at all."""

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
from mammolens.labelapp.jobs.job import Job, JobResult, JobStatus

_log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}")
_JOB, _STATUS, _RESULT, _STOP = ".json", ".status.json", ".result.json", ".stop"
_WORK = "work"
_PATIENCE_S = 30.0  # a change takes milliseconds
M = TypeVar("M", bound=BaseModel)


class JobFiles:
    """``<root>/<job>.json``, and beside it what the job's process writes: ``.status.json`` and ``.result.json``.

    Only the server writes the job; while it runs, only its process writes status and result. A file ``<job>.stop``
    requests that the job ends. The holder of ``.leader.lock`` runs the queue, the holder of ``.learner.lock`` learns;
    the operating system releases both when a process dies.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def all(self) -> list[Job]:
        """All jobs, newest first; files that cannot be read are left out."""
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
        """Write a job; returns it."""
        write_text(self._path(job.job, _JOB), job.model_dump_json())
        return job

    def status(self, name: str) -> JobStatus:
        """Progress and last lines of a job."""
        return _read(JobStatus, self._path(name, _STATUS)) or JobStatus()

    def save_status(self, name: str, status: JobStatus) -> None:
        """Write it."""
        write_text(self._path(name, _STATUS), status.model_dump_json())

    def result(self, name: str) -> JobResult | None:
        """The result of a job's process; ``None``: it has not reported any."""
        return _read(JobResult, self._path(name, _RESULT))

    def save_result(self, name: str, result: JobResult) -> None:
        """Write it."""
        write_text(self._path(name, _RESULT), result.model_dump_json())

    def ask_to_stop(self, name: str, by: str) -> None:
        """Request that a job ends."""
        write_text(self._path(name, _STOP), by)

    def stop_asked_by(self, name: str) -> str | None:
        """Who requested that a job be stopped; ``None``: no one."""
        try:
            return self._path(name, _STOP).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def clear(self, name: str) -> None:
        """Remove result and stop request before an attempt starts."""
        for suffix in (_RESULT, _STOP):
            self._path(name, suffix).unlink(missing_ok=True)

    def work_folder(self, name: str) -> Path:
        """The job's own folder, for what it needs to resume; not created here."""
        return self.root / _WORK / name

    def forget(self, name: str) -> None:
        """Remove a job and its files."""
        for suffix in (_RESULT, _STOP, _STATUS, _JOB):
            self._path(name, suffix).unlink(missing_ok=True)
        self.forget_work(name)
        remove_leftovers(self.root)

    def forget_work(self, name: str) -> None:
        """Remove what a job needs to resume."""
        for left_over in (self.root / _WORK).glob(f"*{name}*"):  # a checkpoint lies beside the folder
            shutil.rmtree(left_over, ignore_errors=True)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Serialise changes of the queue across processes.

        Raises:
            StorageError: another process does not release the lock.
        """
        try:
            with self._lock(".lock", _PATIENCE_S):
                yield
        except Timeout as error:
            raise StorageError(self.root, "is being changed by another process", "try again in a minute") from error

    @contextmanager
    def leading(self, seconds: float) -> Iterator[bool]:
        """Hold the right to run the queue; false if another process keeps it for this long."""
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
        """Hold the right to learn; waits until no other process has it."""
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
