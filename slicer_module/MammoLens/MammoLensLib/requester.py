"""One request at a time: its activity, progress and error. Without Qt and without Slicer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from .errors import MammoLensError
from .jobs import Job, JobRunner, Work

_log = logging.getLogger(__name__)


class Activity(Enum):
    """The kind of request."""

    CONNECTING = "connecting"
    RELOADING = "reloading"
    OPENING = "opening"
    LOADING_PRIOR = "loading prior"
    ANALYSING_PRIOR = "analysing prior"
    DECIDING = "deciding"
    UNDOING = "undoing"
    FETCHING_LEVELS = "fetching levels"
    LEARNING = "learning"


@dataclass(frozen=True)
class Busy:
    """The request under way.

    Attributes:
        share: done, 0 to 1; ``None`` if unknown.
        words: the current step.
    """

    activity: Activity
    share: float | None = None
    words: str = ""


class Requester:
    """Sends one request at a time to a server, for any part that shows the result.

    Args:
        runner: does what takes long.

    Attributes:
        changed: called after every change.
        working: called when a request was started, so that the owner of the runner drains it.
    """

    def __init__(self, runner: JobRunner) -> None:
        self.busy: Busy | None = None
        self.error: MammoLensError | None = None
        self.changed: Callable[[], None] = lambda: None
        self.working: Callable[[], None] = lambda: None
        self._runner = runner
        self._job: Job | None = None

    def cancel(self) -> None:
        """Cancel the request under way."""
        if self._job is not None:
            self._job.cancel()

    def show_error(self, error: MammoLensError) -> None:
        """Show an error from elsewhere."""
        self.error = error
        self.changed()

    def _ask(self, activity: Activity, work: Work, then: Callable[[Any], None]) -> None:
        """Start ``work`` unless a request is under way; ``then`` gets the result."""
        if self.busy is not None:
            return
        self.busy, self.error = Busy(activity), None
        self._job = self._runner.start(
            work,
            on_result=lambda result: self._over(lambda: then(result)),
            on_error=self._failed,
            on_progress=self._on_progress,
            on_cancelled=lambda: self._over(lambda: None),
            name=activity.value,
        )
        self.changed()
        self.working()

    def _on_progress(self, share: float, words: str) -> None:
        if self.busy is not None:
            self.busy = replace(self.busy, share=share, words=words)
            self.changed()

    def _over(self, then: Callable[[], None]) -> None:
        self.busy, self._job = None, None
        then()
        self.changed()

    def _failed(self, error: Exception) -> None:
        self.busy, self._job = None, None
        if not isinstance(error, MammoLensError):
            _log.error("MammoLens failed", exc_info=error)
            error = MammoLensError("MammoLens", f"failed unexpectedly ({error})", "see the application log; report it")
        self.show_error(error)
