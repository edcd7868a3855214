"""Learning on the server as the panel shows it: jobs, models, suspect normals. Without Qt and without Slicer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .answers import LearningJob, LearningJobs, Models, SuspectNormal
from .client import RECALIBRATE, TRAIN, Client
from .errors import MammoLensError
from .jobs import JobContext, JobRunner
from .requester import Activity, Requester

Ask = Callable[[Client, JobContext], Any]


@dataclass(frozen=True)
class LearningState:
    """The last answers of the server."""

    jobs: LearningJobs
    models: Models
    suspect_normals: tuple[SuspectNormal, ...] = ()


class Learning(Requester):
    """Jobs and models of the server.

    Args:
        client: gives the client in use, or ``None``.
        runner: does what takes long.

    Attributes:
        state: ``None`` until the server has answered.
    """

    def __init__(self, client: Callable[[], Client | None], runner: JobRunner) -> None:
        super().__init__(runner)
        self.state: LearningState | None = None
        self._client = client
        self._pending: Ask | None = None
        self._answered_by: Client | None = None

    @property
    def is_running(self) -> bool:
        """A job runs or is queued."""
        return self.state is not None and self.state.jobs.is_busy

    @property
    def job(self) -> LearningJob | None:
        """The job that matters now."""
        return self.state.jobs.current if self.state is not None else None

    def refresh(self) -> None:
        """Read everything again, also what others changed."""
        self._request(lambda client, context: None)

    def poll(self) -> None:
        """Read the progress of the job; read everything once another job runs, or none."""
        client, state = self._client(), self.state
        if client is None or client is not self._answered_by or state is None:
            self.refresh()
            return

        def work(context: JobContext) -> LearningState:
            jobs = client.learning.jobs(context.cancelled)
            if (jobs.running, jobs.queued) == (state.jobs.running, state.jobs.queued):
                return replace(state, jobs=jobs)
            return _everything(client, context, jobs)

        self._ask(Activity.LEARNING, work, self._received)

    def start(self, epochs: int | None = None, from_scratch: bool = False, ask: bool = False) -> None:
        """Start a training.

        Args:
            epochs: ``None``: as many as the serving model.
            from_scratch: do not start from the serving model.
            ask: the new model waits for a person, even if it passes the gate.
        """
        wanted = {"from_scratch": from_scratch, "ask": ask, **({} if epochs is None else {"epochs": epochs})}
        self._request(lambda client, context: client.learning.start(TRAIN, context.cancelled, **wanted))

    def recalibrate(self, ask: bool = False) -> None:
        """Recalibrate the serving model on the accepted exams, without training."""
        self._request(lambda client, context: client.learning.start(RECALIBRATE, context.cancelled, ask=ask))

    def stop(self) -> None:
        """Stop the running job, or remove the next one from the queue; the serving model stays."""
        job = self.job
        if job is not None:
            self._request(lambda client, context: client.learning.stop(job.job, context.cancelled))

    def resume(self) -> None:
        """Queue the last job again."""
        job = self.job
        if job is not None:
            self._request(lambda client, context: client.learning.resume(job.job, context.cancelled))

    def accept(self, model: str, why: str = "") -> None:
        """Let a model serve."""
        self._request(lambda client, context: client.learning.accept(model, why, context.cancelled))

    def keep_old(self, model: str, why: str = "") -> None:
        """Refuse a waiting model."""
        self._request(lambda client, context: client.learning.keep_old(model, why, context.cancelled))

    def roll_back(self, why: str = "") -> None:
        """Let the model that served before serve again."""
        self._request(lambda client, context: client.learning.roll_back(why, context.cancelled))

    def show_error(self, error: MammoLensError) -> None:
        """Show an error, and drop the pending request: it was meant for another state."""
        self._pending = None
        super().show_error(error)

    def _received(self, state: LearningState) -> None:
        self.state = state
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._request(pending)

    def _request(self, ask: Ask) -> None:
        client = self._client()
        if client is None:
            return
        if self.busy is not None:  # polling every two seconds: a click in between must not be lost
            self._pending = ask
            return
        if client is not self._answered_by:
            self._answered_by, self.state = client, None  # another server

        def work(context: JobContext) -> LearningState:
            ask(client, context)
            return _everything(client, context, client.learning.jobs(context.cancelled))

        self._ask(Activity.LEARNING, work, self._received)


def _everything(client: Client, context: JobContext, jobs: LearningJobs) -> LearningState:
    models = client.learning.models(context.cancelled)
    return LearningState(jobs, models, client.learning.suspect_normals(context.cancelled))
