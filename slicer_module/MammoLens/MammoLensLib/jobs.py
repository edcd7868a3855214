"""Long work off the main thread, and how it is cancelled.

The owner of the event loop calls :meth:`JobRunner.drain` regularly (in Slicer a QTimer, every 20 ms): callbacks run
there and nowhere else. Workers never touch MRML or Qt.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Cancelled(Exception):
    """The work was cancelled on request; not an error to show."""


class CancelToken:
    """Cancels work, once and for all; thread-safe.

    Calling it returns whether it was cancelled, so that a plain function can replace it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._actions: list[Callable[[], None]] = []

    def __call__(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Cancel; this also wakes what waits in :meth:`stopping_by`."""
        with self._lock:
            self._cancelled, actions = True, list(self._actions)
        for action in actions:
            with suppress(OSError):  # a connection that has just ended by itself
                action()

    def check(self) -> None:
        """Raise if it was cancelled.

        Raises:
            Cancelled: it was.
        """
        if self._cancelled:
            raise Cancelled

    @contextmanager
    def stopping_by(self, action: Callable[[], None]) -> Iterator[None]:
        """While inside, a cancellation calls ``action`` too, from the cancelling thread: to wake a blocked read."""
        with self._lock:
            self._actions.append(action)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._actions.remove(action)


OnProgress = Callable[[float, str], None]
"""Gets the share that is done, 0 to 1, and a description of the current step."""


@dataclass(frozen=True)
class JobContext:
    """What the work gets: a callback for its progress and a token that cancels it."""

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
        """Cancel: ``on_cancelled`` is called by the next :meth:`JobRunner.drain`, and nothing of the job after it.

        The worker stops as soon as it can. Nothing waits for it, so a hanging worker blocks nobody.
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
    """Starts jobs and delivers their events to the thread that calls :meth:`drain`."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._jobs: list[Job] = []

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs whose end has not been delivered."""
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
        """Run ``work`` in its own thread. Exactly one of result, error and cancelled is called, as the last.

        Args:
            on_result: gets the return value. If it raises, ``on_error`` gets the exception.
            on_error: gets the exception.
            on_progress: gets the progress; reporting progress also ends cancelled work.
            on_cancelled: the job was cancelled.
        """
        job = Job(name, on_result, on_error, on_progress, on_cancelled)
        self._jobs.append(job)
        # A daemon: a server that hangs must not keep Slicer from closing.
        threading.Thread(target=self._run, args=(job, work), name=f"MammoLens {name}", daemon=True).start()
        return job

    def drain(self) -> int:
        """Call the callbacks of all events so far, from the thread that owns the event loop.

        Returns:
            the number of events.
        """
        cancelled = [job for job in self._jobs if job.token()]
        for job in cancelled:
            self._end(job)
            job.on_cancelled()
        count = self._events.qsize()  # not what arrives meanwhile: drain must end
        for _ in range(count):
            event = self._events.get_nowait()
            if not event.job.is_over and not event.job.token():
                self._deliver(event)
        return len(cancelled) + count

    def cancel_all(self) -> None:
        """Cancel every job."""
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
        except Exception as error:  # noqa: BLE001 - any error belongs to the thread that started the job
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
            except Exception as error:  # noqa: BLE001 - shown like any other error
                job.on_error(error)
