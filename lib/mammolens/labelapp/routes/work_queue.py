"""Requests that take seconds wait for their turn here, without a thread each: all others are answered at once."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

T = TypeVar("T")
_SECONDS_BETWEEN_LOOKS: Final = 1.0
_WEIGHT_OF_THE_LAST: Final = 0.2


@dataclass(eq=False, slots=True)
class _Item:
    work: Callable[[], Any]
    key: str | None
    future: Future[Any] = field(default_factory=Future)
    context: Context = field(default_factory=copy_context)  # of the request, such as its id


class WorkQueue:
    """Runs blocking work in threads of its own, in the order of arrival; a bounded number of requests waits.

    Args:
        name: of the queue, for its threads and for the refusal.
        workers: this number of works runs at a time.
        most_waiting: this number waits at most; a further one is refused with 429.
    """

    def __init__(self, name: str, *, workers: int, most_waiting: int) -> None:
        self._name = name
        self._workers = workers
        self._most_waiting = most_waiting
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._waiting: deque[_Item] = deque()
        self._running: list[_Item] = []
        self._mean_s = 1.0

    @property
    def waiting(self) -> int:
        """Number of works that wait."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Refuse where no further work may wait.

        Raises:
            HTTPException: 429 with ``Retry-After``, the seconds until about half of the queue is done.
        """
        with self._lock:
            if len(self._running) == self._workers:
                self._check_room()

    async def run(self, work: Callable[[], T], request: Request | None = None, key: str | None = None) -> T:
        """Run work when it is its turn, and return its result.

        Args:
            work: blocks a thread of the queue.
            request: whose work it is; if its client leaves while the work waits, the work is dropped.
            key: two works of the same key never run at the same time; the second waits, and lets others go first.

        Raises:
            HTTPException: 429 as :meth:`check_room`; 499 if the client has left.
        """
        item = self._add(work, key)
        result: asyncio.Future[T] = asyncio.wrap_future(item.future)
        while not (await asyncio.wait({result}, timeout=_SECONDS_BETWEEN_LOOKS))[0]:
            if request is not None and await request.is_disconnected() and self._drop(item):
                raise HTTPException(499, "the client has left")
        return result.result()

    def _add(self, work: Callable[[], Any], key: str | None) -> _Item:
        item = _Item(work, key)
        with self._lock:
            if not self._may_run(item):
                self._check_room()
            self._waiting.append(item)
            self._start_what_may_run()
        return item

    def _drop(self, item: _Item) -> bool:
        with self._lock:
            if item not in self._waiting:
                return False
            self._waiting.remove(item)
            return True

    def _check_room(self) -> None:
        if len(self._waiting) < self._most_waiting:
            return
        seconds = max(1, math.ceil(self._mean_s * len(self._waiting) / self._workers / 2))
        reason = f"{self._name}: {len(self._waiting)} requests wait already; try again in {seconds} s"
        raise HTTPException(429, reason, {"Retry-After": str(seconds)})

    def _start_what_may_run(self) -> None:
        for item in list(self._waiting):
            if self._may_run(item):
                self._waiting.remove(item)
                self._running.append(item)
                self._executor.submit(self._carry_out, item)

    def _may_run(self, item: _Item) -> bool:
        is_free = item.key is None or item.key not in {other.key for other in self._running}
        return is_free and len(self._running) < self._workers

    def _carry_out(self, item: _Item) -> None:
        started = time.monotonic()
        try:
            result = item.context.run(item.work)
        except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
            self._ended(item, started)
            item.future.set_exception(error)
        else:
            self._ended(item, started)
            item.future.set_result(result)

    def _ended(self, item: _Item, started: float) -> None:
        with self._lock:
            self._running.remove(item)
            self._mean_s += _WEIGHT_OF_THE_LAST * (time.monotonic() - started - self._mean_s)
            self._start_what_may_run()
