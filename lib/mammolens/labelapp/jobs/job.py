"""A learning job: what was asked for, by whom, and how it stands; it names no patient."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobDetail, JobOutcome, JobProgress, JobState

LOG_LINES = 20


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Track(_Kept):
    """What a job leaves behind while it runs: how far it is, and its last lines."""

    progress: JobProgress | None = None
    log: tuple[str, ...] = ()

    def with_line(self, line: str) -> Track:
        """The same with one line more, of which the last are kept."""
        return Track(progress=self.progress, log=(*self.log, line)[-LOG_LINES:])


class Ending(_Kept):
    """What the process that learned says at its end: an outcome, or why there is none."""

    outcome: dict[str, JsonValue] | None = None
    error: str | None = None


class Job(_Kept):
    """One job.

    Attributes:
        queued_at: its place in the queue.
        attempts: how often a process was started for it.
        crashes: how many of these ended unexpectedly in a row without getting further.
        reached: the furthest point of all attempts: number of the stage, and what was done of it.
    """

    job: str
    kind: LearningKind
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    asked_by: str
    asked_at: datetime
    queued_at: datetime
    state: JobState = JobState.QUEUED
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    crashes: int = 0
    reached: tuple[int, int] = (0, 0)
    outcome: dict[str, JsonValue] | None = None
    error: str | None = None

    @classmethod
    def asked(cls, kind: LearningKind, parameters: dict[str, Any], by: str) -> Job:
        """A new job at the end of the queue."""
        now = utc_now()
        name = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        return cls(job=name, kind=kind, parameters=parameters, asked_by=by, asked_at=now, queued_at=now)

    def changed(self, **changes: Any) -> Job:
        """The same job, with something else about it."""
        return self.model_copy(update=changes)


def detail_of(job: Job, track: Track) -> JobDetail:
    """A job as clients see it."""
    return JobDetail(
        job=job.job,
        kind=job.kind,
        parameters=job.parameters,
        asked_by=job.asked_by,
        asked_at=job.asked_at,
        state=job.state,
        started_at=job.started_at,
        ended_at=job.ended_at,
        attempts=job.attempts,
        outcome=None if job.outcome is None else JobOutcome.model_validate(job.outcome),
        error=job.error,
        progress=track.progress if job.state is JobState.RUNNING else None,
        log=list(track.log),
    )


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
