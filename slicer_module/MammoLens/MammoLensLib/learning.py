"""The loop that learns as the panel shows it: jobs, models, exams to look at again. Without Qt and without Slicer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .answers import LearningJob, LearningJobs, Models, SecondLook
from .asking import Activity, Asking
from .client import Client
from .errors import MammoLensError
from .jobs import JobContext, JobRunner
from .learning_client import RECALIBRATE, TRAIN

Ask = Callable[[Client, JobContext], Any]


@dataclass(frozen=True)
class LearningState:
    """What the server told last."""

    jobs: LearningJobs
    models: Models
    second_look: tuple[SecondLook, ...] = ()


class Learning(Asking):
    """What the server learns, and which model serves.

    Args:
        client: gives the client in use, or ``None``.
        runner: does what takes long.

    Attributes:
        state: ``None`` until the server told it.
    """

    def __init__(self, client: Callable[[], Client | None], runner: JobRunner) -> None:
        super().__init__(runner)
        self.state: LearningState | None = None
        self._client = client
        self._due: Ask | None = None
        self._asked: Client | None = None

    @property
    def is_running(self) -> bool:
        """Something is learned, or waits for its turn."""
        return self.state is not None and self.state.jobs.is_busy

    @property
    def job(self) -> LearningJob | None:
        """The job that matters now."""
        return self.state.jobs.current if self.state is not None else None

    def look(self) -> None:
        """Ask how everything is, also after somebody else changed it."""
        self._request(lambda client, context: None)

    def follow(self) -> None:
        """Ask how far the job is, and for everything once another one runs, or none."""
        client, state = self._client(), self.state
        if client is None or client is not self._asked or state is None:
            self.look()
            return

        def work(context: JobContext) -> LearningState:
            jobs = client.learning.jobs(context.cancelled)
            if (jobs.running, jobs.queued) == (state.jobs.running, state.jobs.queued):
                return replace(state, jobs=jobs)
            return _everything(client, context, jobs)

        self._ask(Activity.LEARNING, work, self._told)

    def start(self, epochs: int | None = None, from_scratch: bool = False, ask: bool = False) -> None:
        """Have a model trained.

        Args:
            epochs: ``None`` as the serving model.
            from_scratch: forget what the serving model has learned.
            ask: it waits for a person, even where the gate lets it pass.
        """
        wanted = {"from_scratch": from_scratch, "ask": ask, **({} if epochs is None else {"epochs": epochs})}
        self._request(lambda client, context: client.learning.start(TRAIN, context.cancelled, **wanted))

    def recalibrate(self, ask: bool = False) -> None:
        """Have the serving model calibrated on the accepted exams; it learns nothing."""
        self._request(lambda client, context: client.learning.start(RECALIBRATE, context.cancelled, ask=ask))

    def stop(self) -> None:
        """Stop the job that runs, or take the next one from the queue; the serving model stays."""
        job = self.job
        if job is not None:
            self._request(lambda client, context: client.learning.stop(job.job, context.cancelled))

    def resume(self) -> None:
        """Queue the last job once more."""
        job = self.job
        if job is not None:
            self._request(lambda client, context: client.learning.resume(job.job, context.cancelled))

    def accept(self, model: str, why: str = "") -> None:
        """Let a model serve."""
        self._request(lambda client, context: client.learning.accept(model, why, context.cancelled))

    def keep_old(self, model: str, why: str = "") -> None:
        """Refuse a model that waits."""
        self._request(lambda client, context: client.learning.keep_old(model, why, context.cancelled))

    def roll_back(self, why: str = "") -> None:
        """Let the model that served before serve again."""
        self._request(lambda client, context: client.learning.roll_back(why, context.cancelled))

    def complain(self, error: MammoLensError) -> None:
        """As everybody's; what waited was meant for another state."""
        self._due = None
        super().complain(error)

    def _told(self, state: LearningState) -> None:
        self.state = state
        if self._due is not None:
            due, self._due = self._due, None
            self._request(due)

    def _request(self, ask: Ask) -> None:
        client = self._client()
        if client is None:
            return
        if self.busy is not None:  # looking how it is, every two seconds: a click in between must not be lost
            self._due = ask
            return
        if client is not self._asked:
            self._asked, self.state = client, None  # another server

        def work(context: JobContext) -> LearningState:
            ask(client, context)
            return _everything(client, context, client.learning.jobs(context.cancelled))

        self._ask(Activity.LEARNING, work, self._told)


def _everything(client: Client, context: JobContext, jobs: LearningJobs) -> LearningState:
    models = client.learning.models(context.cancelled)
    return LearningState(jobs, models, client.learning.second_look(context.cancelled))
