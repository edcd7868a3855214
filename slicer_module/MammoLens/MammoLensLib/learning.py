"""Learning from the exams that were confirmed normal, as the panel shows it. Without Qt and without Slicer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .asking import Activity, Asking
from .client import Client
from .jobs import JobContext, JobRunner
from .training import TrainStatus

Record = Mapping[str, Any]


class Learning(Asking):
    """A training on the server, and what the serving model was before it and is now.

    Args:
        client: gives the client in use, or ``None``.
        runner: does what takes long.
    """

    def __init__(self, client: Callable[[], Client | None], runner: JobRunner) -> None:
        super().__init__(runner)
        self.status: TrainStatus | None = None
        self.before: Record = {}
        self.now: Record = {}
        self._client = client

    @property
    def is_running(self) -> bool:
        """A training is under way."""
        return self.status is not None and self.status.is_running

    @property
    def replaced(self) -> Record:
        """Of the model that served before; empty while the same serves."""
        return self.before if self.before.get("model") != self.now.get("model") else {}

    def look(self) -> None:
        """Ask how it is; also after somebody else started one."""
        self._request(lambda client, context: client.train_status(context.cancelled))

    def start(self, epochs: int | None = None, from_scratch: bool = False) -> None:
        """Start a training.

        Args:
            epochs: ``None`` as the serving model.
            from_scratch: forget what the serving model has learned.
        """
        if self.busy is not None:
            return
        wanted = {"from_scratch": from_scratch, **({} if epochs is None else {"epochs": epochs})}
        self.before = self.now
        self._request(lambda client, context: client.train(context.cancelled, **wanted))

    def stop(self) -> None:
        """Stop it; the serving model stays."""

        def work(client: Client, context: JobContext) -> TrainStatus | None:
            client.stop_training(context.cancelled)
            return client.train_status(context.cancelled)

        self._request(work)

    def _told(self, result: tuple[TrainStatus | None, Record]) -> None:
        self.status, record = result
        if record.get("model") != self.now.get("model"):
            self.before = self.now or self.before
        self.now = record

    def _request(self, ask: Callable[[Client, JobContext], Any]) -> None:
        client = self._client()
        if client is None:
            return

        def work(context: JobContext) -> tuple[TrainStatus | None, Record]:
            return ask(client, context), client.training_record(context.cancelled)

        self._ask(Activity.LEARNING, work, self._told)
