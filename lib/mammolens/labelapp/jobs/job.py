"""A learning job: what was requested, by whom, and its state; contains no patient data."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobDetail, JobOutcome, JobProgress, JobState

LOG_LINES = 20
_DOING = {LearningKind.TRAIN: "training the model", LearningKind.RECALIBRATE: "recalibrating the model"}


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class JobStatus(_Stored):
    """Progress of a job while it runs, and the last lines of its log."""

    progress: JobProgress | None = None
    log: tuple[str, ...] = ()

    def with_line(self, line: str) -> JobStatus:
        """The same with one more line; only the last lines are kept."""
        return JobStatus(progress=self.progress, log=(*self.log, line)[-LOG_LINES:])


class JobResult(_Stored):
    """What the process of a job reports at its end: an outcome, or an error."""

    outcome: dict[str, JsonValue] | None = None
    error: str | None = None


class Job(_Stored):
    """One job.

    Attributes:
        queued_at: determines its position in the queue.
        attempts: number of processes started for it.
        crashes: number of consecutive attempts that ended unexpectedly without further progress.
        reached: furthest point of all attempts: number of the stage, and steps done of it.
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
    def requested(cls, kind: LearningKind, parameters: dict[str, Any], by: str) -> Job:
        """A new job at the end of the queue."""
        now = utc_now()
        name = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        return cls(job=name, kind=kind, parameters=parameters, asked_by=by, asked_at=now, queued_at=now)

    def changed(self, **changes: Any) -> Job:
        """A copy with these fields changed."""
        return self.model_copy(update=changes)


def detail_of(job: Job, status: JobStatus) -> JobDetail:
    """A job as clients see it."""
    runs = job.state is JobState.RUNNING
    progress = status.progress if runs else None
    outcome = None if job.outcome is None else JobOutcome.model_validate(job.outcome)
    return JobDetail(
        job=job.job,
        kind=job.kind,
        kind_label=job.kind.label,
        parameters=job.parameters,
        asked_by=job.asked_by,
        asked_at=job.asked_at,
        state=job.state,
        state_label=_state_label(job, outcome),
        doing=(progress.sentence if progress else _DOING[job.kind]) if runs else None,
        started_at=job.started_at,
        ended_at=job.ended_at,
        attempts=job.attempts,
        outcome=outcome,
        error=job.error,
        progress=progress,
        log=list(status.log),
    )


def _state_label(job: Job, outcome: JobOutcome | None) -> str:
    if job.state is JobState.FAILED:
        return f"failed: {job.error or 'unknown reason'}"
    if job.state is not JobState.DONE or outcome is None:
        return job.state.value
    if outcome.serves:
        return "the new model is in use"
    return "the new model awaits approval" if outcome.waits else f"the model in use stays; {outcome.reason}"


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
