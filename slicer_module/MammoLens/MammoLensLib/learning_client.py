"""The server's routes about learning as methods: jobs, models, exams to look at again."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .answers import LearningJob, LearningJobs, Models, SecondLook, SecondLooks
from .body import Body
from .cancel import CancelToken
from .parsing import parsed
from .transport import Transport

TRAIN, RECALIBRATE = "train", "recalibrate"


class LearningClient:
    """Any thread may call the methods; each call ends within the transport's time-out.

    Raises:
        ServerError: the server does not answer, refuses, or answers with nonsense.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def jobs(self, cancelled: CancelToken | None = None) -> LearningJobs:
        """What is learned, what waits for its turn, what came before."""
        return parsed(LearningJobs, self._do("GET", "jobs", None, cancelled))

    def models(self, cancelled: CancelToken | None = None) -> Models:
        """Which there are, and which one serves."""
        return parsed(Models, self._do("GET", "models", None, cancelled))

    def second_look(self, cancelled: CancelToken | None = None) -> tuple[SecondLook, ...]:
        """Accepted exams that are not learned from until they are confirmed once more."""
        return parsed(SecondLooks, self._do("GET", "suspect-normals", None, cancelled)).exams

    def start(self, kind: str, cancelled: CancelToken | None = None, **parameters: Any) -> LearningJob:
        """Put a job into the queue.

        Args:
            kind: "train" or "recalibrate".
            parameters: the server's, as ``epochs``, ``from_scratch``, ``ask``.
        """
        return parsed(LearningJob, self._do("POST", "jobs", {"kind": kind, **parameters}, cancelled))

    def stop(self, job: str, cancelled: CancelToken | None = None) -> None:
        """Stop a job, or take it from the queue."""
        self._do("DELETE", f"jobs/{quote(job, safe='')}", None, cancelled)

    def resume(self, job: str, cancelled: CancelToken | None = None) -> LearningJob:
        """Queue a stopped or failed job once more; a training goes on from its last epoch."""
        return parsed(LearningJob, self._do("POST", f"jobs/{quote(job, safe='')}/resume", {}, cancelled))

    def accept(self, model: str, why: str = "", cancelled: CancelToken | None = None) -> Models:
        """Let a model serve; ``why`` is needed where the gate did not let it pass."""
        return parsed(Models, self._do("POST", f"models/{quote(model, safe='')}/promote", {"why": why}, cancelled))

    def keep_old(self, model: str, why: str = "", cancelled: CancelToken | None = None) -> Models:
        """Refuse a model that waits."""
        return parsed(Models, self._do("POST", f"models/{quote(model, safe='')}/refuse", {"why": why}, cancelled))

    def roll_back(self, why: str = "", cancelled: CancelToken | None = None) -> Models:
        """Let the model that served before serve again."""
        return parsed(Models, self._do("POST", "models/rollback", {"why": why}, cancelled))

    def _do(self, method: str, path: str, order: dict[str, Any] | None, cancelled: CancelToken | None) -> Any:
        body = None if order is None else Body.of_json(order)
        return self._transport.json(method, f"/mammolens/{path}", body, cancelled=cancelled)
