"""What the server tells of its learning jobs, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ServerError
from .told import all_of, flag, made, number, text, texts

RUNNING, QUEUED = "running", "queued"
RESUMABLE = ("stopped", "failed")


@dataclass(frozen=True)
class JobProgress:
    """How far a job is.

    Attributes:
        stage: "prepare", "learn", "calibrate" or "judge".
        sentence: what is being done and how long it takes, in words.
        share: of the whole, 0 to 1; ``None`` where nobody can tell.
    """

    stage: str
    sentence: str | None = None
    share: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        model: id of what it made; ``None`` where nothing came of it.
        serves: it serves now.
        waits: it is not worse, and waits for a person to say so.
        reason: in words.
    """

    model: str | None = None
    serves: bool = False
    waits: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class LearningJob:
    """A job.

    Attributes:
        kind: "train" or "recalibrate".
        state: "queued", "running", "stopped", "failed" or "done".
        asked_at, ended_at: ISO, UTC.
        error: why it failed.
    """

    job: str
    kind: str | None = None
    state: str | None = None
    asked_by: str | None = None
    asked_at: str | None = None
    ended_at: str | None = None
    error: str | None = None
    progress: JobProgress | None = None
    outcome: Outcome | None = None

    @classmethod
    def of_json(cls, told: Any) -> LearningJob:
        """A job, from the server's JSON.

        Raises:
            ServerError: it is none.
        """
        known = told if isinstance(told, Mapping) else {}
        return made(cls, told, "job", progress=_progress(known.get("progress")), outcome=_outcome(known.get("outcome")))


@dataclass(frozen=True)
class LearningJobs:
    """What is learned, what waits for its turn, what came before.

    Attributes:
        jobs: the newest first.
        queued: ids, the next first.
    """

    jobs: tuple[LearningJob, ...] = ()
    running: str | None = None
    queued: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, told: Any) -> LearningJobs:
        """All jobs, from the server's JSON.

        Raises:
            ServerError: it tells none.
        """
        if not isinstance(told, Mapping) or not isinstance(told.get("jobs"), list):
            raise ServerError("the server", "does not tell what it learns", "update the server or this module")
        jobs = all_of(told, "jobs", LearningJob.of_json)
        return cls(jobs, text(told.get("running")), texts(told.get("queued")))

    @property
    def current(self) -> LearningJob | None:
        """The one that matters now: that which runs, else the next in the queue, else the last one asked for."""
        for job in (self.running, *self.queued):
            found = next((one for one in self.jobs if one.job == job), None)
            if found is not None:
                return found
        return self.jobs[0] if self.jobs else None

    @property
    def is_busy(self) -> bool:
        """Something runs or waits for its turn."""
        return self.running is not None or bool(self.queued)


def _progress(told: Any) -> JobProgress | None:
    if not isinstance(told, Mapping) or text(told.get("stage")) is None:
        return None
    share = number(told.get("share"))
    return made(JobProgress, told, "stage", share=None if share is None else min(1.0, max(0.0, share)))


def _outcome(told: Any) -> Outcome | None:
    if not isinstance(told, Mapping):
        return None
    serves, waits = (flag(told.get(name)) or False for name in ("serves", "waits"))
    return Outcome(text(told.get("model")), serves, waits, text(told.get("reason")))
