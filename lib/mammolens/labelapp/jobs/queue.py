"""The queue of learning jobs: one at a time, in the order of the requests, robust against crashes."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from mammolens.errors import RequestError
from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, JobStatus, detail_of, utc_now
from mammolens.labelapp.jobs.process import JobProcess, Launch
from mammolens.labelapp.jobs.progress import position
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobDetail, JobList, JobState

_log = logging.getLogger(__name__)
MOST_CRASHES = 3  # in a row, none getting further than the one before
_KEPT = 50
_LOOK_S = 1.0  # another process of the server may have added a job
_WATCH_S = 0.2
_PAUSE_S = 10.0
_LONGEST_STOP_S = 30.0


class LearningQueue:
    """Accepts jobs and runs them, one at a time; all state is in files, so it continues after a restart.

    Each process of a server may have a queue: all answer requests, one of them runs jobs.

    Args:
        files: of the jobs.
        launch: starts the process of a job.
    """

    def __init__(self, files: JobFiles, launch: Launch) -> None:
        self._files, self._launch = files, launch
        self._asked, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._lead, name="learning", daemon=True)

    def start(self) -> None:
        """Run jobs from now on, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Run no more jobs; a running one is resumed when a queue is started again."""
        self._closing.set()
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join()

    def ask(self, kind: LearningKind, parameters: dict[str, Any], by: str) -> Job:
        """Put a job at the end of the queue."""
        with self._files.changing():
            job = self._files.save(Job.requested(kind, parameters, by))
            over = [one for one in self._files.all() if one.state.is_over]
            for forgotten in over[_KEPT:]:
                self._files.forget(forgotten.job)
        _log.info("job %s: %s, asked by %s", job.job, job.kind, by)
        self._asked.set()
        return job

    def get(self, name: str) -> Job:
        """A job.

        Raises:
            UnknownJobError: there is none of that name.
        """
        return self._files.get(name)

    def all(self) -> list[Job]:
        """The newest first, at most 50."""
        return self._files.all()[:_KEPT]

    def running(self) -> Job | None:
        """The one that runs."""
        return _running(self._files.all())

    def queued(self) -> list[Job]:
        """Those that wait, the next first."""
        return _queued(self._files.all())

    def current(self) -> Job | None:
        """The one that runs, else the next that waits."""
        jobs = self._files.all()
        return _running(jobs) or next(iter(_queued(jobs)), None)

    def detail(self, job: Job) -> JobDetail:
        """A job as clients see it."""
        return detail_of(job, self._files.status(job.job))

    def details(self) -> JobList:
        """All of them, read once: a job that starts meanwhile is either queued or running, never neither."""
        jobs = self._files.all()
        running = _running(jobs)
        return JobList(
            jobs=[self.detail(job) for job in jobs[:_KEPT]],
            running=running.job if running else None,
            queued=[job.job for job in _queued(jobs)],
        )

    def forget_work(self) -> None:
        """Remove the prepared images and checkpoints of jobs that are not running; a resumed job starts over.

        Raises:
            RequestError: a job is running.
        """
        with self._files.changing():
            if (job := self.running()) is not None:
                raise RequestError(f"job {job.job}", "is running on the decided exams", "stop it, or wait for its end")
            for job in self._files.all():
                self._files.forget_work(job.job)

    def stop(self, name: str, by: str) -> Job:
        """Take a job from the queue, or end it; answers when that is done.

        Raises:
            UnknownJobError: there is none of that name.
            RequestError: it has already ended.
        """
        with self._files.changing():
            job = self._files.get(name)
            if job.state.is_over:
                raise RequestError(f"job {name}", f"has already ended ({job.state})", "see its outcome or its error")
            if job.state is JobState.QUEUED:
                return self._files.save(self._stopped(job, by).changed(ended_at=utc_now()))
            self._files.ask_to_stop(name, by)
        return self.wait(name, _LONGEST_STOP_S)

    def resume(self, name: str, by: str) -> Job:
        """Queue a stopped or failed job again; a training continues from its last epoch.

        Raises:
            UnknownJobError: there is none of that name.
            RequestError: it is neither stopped nor failed.
        """
        with self._files.changing():
            job = self._files.get(name)
            if job.state not in (JobState.STOPPED, JobState.FAILED):
                raise RequestError(f"job {name}", f"is {job.state}", "resume one that was stopped or failed")
            self._note(job, f"resumed by {by}")
            again = job.changed(state=JobState.QUEUED, queued_at=utc_now(), ended_at=None, error=None, crashes=0)
            self._files.save(again)
        self._asked.set()
        return again

    def wait(self, name: str, seconds: float | None = None) -> Job:
        """The job when it is over, or as it is after this many seconds.

        Raises:
            UnknownJobError: there is none of that name.
        """
        ends = None if seconds is None else time.monotonic() + seconds
        while not (job := self._files.get(name)).state.is_over:
            if ends is not None and time.monotonic() > ends:
                break
            time.sleep(_WATCH_S)
        return job

    def _lead(self) -> None:
        while not self._closing.is_set():
            try:
                with self._files.leading(_LOOK_S) as leads:
                    while leads and not self._closing.is_set():
                        self._run_next()
            except Exception:  # noqa: BLE001 - such as a full disk: jobs continue once that is fixed
                _log.exception("the queue of learning jobs failed; it tries again")
                self._closing.wait(_PAUSE_S)

    def _run_next(self) -> None:
        """Run the next job, or wait a moment for one."""
        self._asked.clear()
        if (left_over := self.running()) is not None:  # since a server that died
            with self._files.learning():  # its process may still be about to notice
                self._end(left_over.job, None)
        elif waiting := self.queued():
            self._run(waiting[0].job)
        else:
            self._asked.wait(_LOOK_S)

    def _run(self, name: str) -> None:
        with self._files.changing():
            job = self._files.get(name)
            if job.state is not JobState.QUEUED:  # stopped meanwhile
                return
            self._files.clear(name)
            self._files.save_status(name, JobStatus(log=self._files.status(name).log))
            job = job.changed(state=JobState.RUNNING, started_at=utc_now(), attempts=job.attempts + 1)
            self._files.save(job)
        process = self._launch(self._files, job)
        try:
            if (code := self._watch(name, process)) is not None:
                self._end(name, code)
        finally:
            process.stop()

    def _watch(self, name: str, process: JobProcess) -> int | None:
        """The exit code of a process; ``None``: it has none yet, and the queue is closed."""
        while (code := process.ended()) is None:
            if self._files.stop_asked_by(name) is not None:
                process.stop()
            elif self._closing.wait(_WATCH_S):
                return None
        return code

    def _end(self, name: str, code: int | None) -> None:
        """Note how an attempt ended.

        Args:
            name: of the job.
            code: of its process; ``None``: the server ended first.
        """
        with self._files.changing():
            ended = self._ended(self._files.get(name), code)
            self._files.save(ended if ended.state is JobState.QUEUED else ended.changed(ended_at=utc_now()))
            self._files.clear(name)
        _log.info("job %s: %s", name, ended.state)

    def _ended(self, job: Job, code: int | None) -> Job:
        result = self._files.result(job.job)
        if result is not None and result.error is None:
            self._note(job, f"done: {(result.outcome or {}).get('reason', '')}")
            return job.changed(state=JobState.DONE, outcome=result.outcome)
        if result is not None:
            self._note(job, f"failed: {result.error}")
            return job.changed(state=JobState.FAILED, error=result.error)
        if (by := self._files.stop_asked_by(job.job)) is not None:
            return self._stopped(job, by)
        return self._crashed(job, _how(code))

    def _crashed(self, job: Job, how: str) -> Job:
        progress = self._files.status(job.job).progress
        here = position(progress) if progress else (0, 0)
        crashes = 1 if here > job.reached else job.crashes + 1
        if crashes >= MOST_CRASHES:
            often = f"{how}, {crashes} times in a row without progress"
            error = f"the job: {often}; see the server's log, then resume it"
            self._note(job, f"failed: {error}")
            return job.changed(state=JobState.FAILED, error=error, crashes=crashes)
        self._note(job, f"{how}; resumed automatically")
        return job.changed(state=JobState.QUEUED, crashes=crashes, reached=max(job.reached, here))

    def _stopped(self, job: Job, by: str) -> Job:
        self._note(job, f"stopped by {by}")
        return job.changed(state=JobState.STOPPED)

    def _note(self, job: Job, line: str) -> None:
        self._files.save_status(job.job, self._files.status(job.job).with_line(line))


def _running(jobs: list[Job]) -> Job | None:
    return next((job for job in jobs if job.state is JobState.RUNNING), None)


def _queued(jobs: list[Job]) -> list[Job]:
    waiting = [job for job in jobs if job.state is JobState.QUEUED]
    return sorted(waiting, key=lambda job: (job.queued_at, job.job))


def _how(code: int | None) -> str:
    if code is None:
        return "the server ended"
    return f"its process was ended by signal {-code}" if code < 0 else f"its process ended with code {code}"
