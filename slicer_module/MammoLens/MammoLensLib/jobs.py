"""Long work off the main thread: a worker thread a job, a queue of what it has to say.

Whoever owns the event loop calls :meth:`JobRunner.drain` now and then (in Slicer a QTimer, every 20 ms): callbacks run
there and nowhere else. Workers never touch MRML or Qt.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .cancel import Cancelled, CancelToken

OnProgress = Callable[[float, str], None]
"""Gets the share that is done, 0 to 1, and what is being done, in words."""


@dataclass(frozen=True)
class JobContext:
    """What the work gets: where to say how far it is, and whether it shall stop."""

    progress: OnProgress
    cancelled: CancelToken


Work = Callable[[JobContext], Any]


def part_of(progress: OnProgress, begins: float, ends: float) -> OnProgress:
    """Progress of a part of the work: from ``begins`` to ``ends`` of the whole."""
    return lambda share, words: progress(begins + share * (ends - begins), words)


@dataclass(eq=False)
class Job:
    """Work that was started."""

    name: str
    on_result: Callable[[Any], None]
    on_error: Callable[[Exception], None]
    on_progress: OnProgress
    on_cancelled: Callable[[], None]
    token: CancelToken = field(default_factory=CancelToken)
    is_over: bool = False

    def cancel(self) -> None:
        """Give it up: ``on_cancelled`` comes with the next draining, and nothing of the job after it.

        The worker is told and ends as soon as it can; that nobody waits for it, whatever hangs, is the point.
        """
        self.token.cancel()


def _nothing(*_: Any) -> None:
    return None


class _Kind(Enum):
    PROGRESS = "progress"
    RESULT = "result"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class _Event:
    job: Job
    kind: _Kind
    values: tuple[Any, ...] = ()


class JobRunner:
    """Starts jobs and hands their news to the thread that drains."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._jobs: list[Job] = []

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs whose end was not delivered yet."""
        return tuple(self._jobs)

    def start(
        self,
        work: Work,
        *,
        on_result: Callable[[Any], None] = _nothing,
        on_error: Callable[[Exception], None] = _nothing,
        on_progress: OnProgress = _nothing,
        on_cancelled: Callable[[], None] = _nothing,
        name: str = "",
    ) -> Job:
        """Run ``work`` in a thread of its own. Exactly one of result, error and cancelled comes, as the last.

        Args:
            on_result: gets what it returned. Should that fail, ``on_error`` gets the reason.
            on_error: gets what it raised.
            on_progress: gets what the work says of its progress; ``progress`` also ends work that was cancelled.
            on_cancelled: it was given up.
        """
        job = Job(name, on_result, on_error, on_progress, on_cancelled)
        self._jobs.append(job)
        # A daemon: a server that hangs must not keep Slicer from closing.
        threading.Thread(target=self._run, args=(job, work), name=f"MammoLens {name}", daemon=True).start()
        return job

    def drain(self) -> int:
        """Call the callbacks of what has happened so far; to be called from the thread that owns the event loop.

        Returns:
            how many events there were.
        """
        given_up = [job for job in self._jobs if job.token()]
        for job in given_up:
            self._end(job)
            job.on_cancelled()
        count = self._events.qsize()  # not what comes meanwhile: drain must end
        for _ in range(count):
            event = self._events.get_nowait()
            if not event.job.is_over and not event.job.token():
                self._deliver(event)
        return len(given_up) + count

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self.running:
            job.cancel()

    def _run(self, job: Job, work: Work) -> None:
        def progress(share: float, words: str) -> None:
            job.token.check()
            self._events.put(_Event(job, _Kind.PROGRESS, (share, words)))

        try:
            event = _Event(job, _Kind.RESULT, (work(JobContext(progress, job.token)),))
        except Cancelled:
            event = _Event(job, _Kind.CANCELLED)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that asked
            event = _Event(job, _Kind.ERROR, (error,))
        self._events.put(event)

    def _end(self, job: Job) -> None:
        job.is_over = True
        self._jobs.remove(job)

    def _deliver(self, event: _Event) -> None:
        job = event.job
        if event.kind is _Kind.PROGRESS:
            job.on_progress(*event.values)
            return
        self._end(job)
        if event.kind is _Kind.ERROR:
            job.on_error(*event.values)
        elif event.kind is _Kind.CANCELLED:
            job.on_cancelled()
        else:
            try:
                job.on_result(*event.values)
            except Exception as error:  # noqa: BLE001 - to the person, as any other error
                job.on_error(error)
