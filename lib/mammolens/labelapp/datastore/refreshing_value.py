"""A value that is slow to compute: cached, and refreshed by one thread while others use the previous one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)


class RefreshingValue(Generic[T]):
    """Caches the value of ``make``.

    Args:
        make: slow; may raise. Never called twice at the same time.
        expiry_seconds: how old the value may grow before a request has it renewed.
        patience_seconds: how long, from the renewal's start, requests wait for it rather than take the old value.
        first_patience_seconds: how long a request waits for the first value; ``None`` as long as it takes.
    """

    def __init__(
        self,
        make: Callable[[], T],
        *,
        expiry_seconds: float,
        patience_seconds: float = 2.0,
        first_patience_seconds: float | None = None,
    ) -> None:
        self._make = make
        self._expiry_seconds = expiry_seconds
        self._patience_seconds = patience_seconds
        self._first_patience_seconds = first_patience_seconds
        self._changed = threading.Condition()
        self._value: tuple[T] | None = None
        self._trouble: Exception | None = None
        self._runs = False
        self._started_at = 0.0
        self._ended_at: float | None = None

    @property
    def trouble(self) -> Exception | None:
        """Why the last renewal failed; ``None`` if it did not."""
        return self._trouble

    def value(self) -> T:
        """The value: young, or renewed in time, or the one before.

        Raises:
            Exception: there has never been one, and it cannot be made.
            TimeoutError: the first one is still being made.
        """
        with self._changed:
            if self._is_due():
                self._start()
            patience = self._started_at + self._patience_seconds - time.monotonic()
            self._wait(self._first_patience_seconds if self._value is None else max(0.0, patience))
            if self._value is None and self._runs:
                raise TimeoutError("the first value is still being made")
            return self._outcome(old_is_fine=True)

    def renewed(self) -> T:
        """A value that was begun after this call.

        Raises:
            Exception: it cannot be made.
        """
        with self._changed:
            self._wait(None)
            self._start()
            self._wait(None)
            return self._outcome(old_is_fine=False)

    def expire(self) -> None:
        """Have the value renewed by the next request."""
        with self._changed:
            self._ended_at = None

    def _is_due(self) -> bool:
        return self._ended_at is None or time.monotonic() - self._ended_at > self._expiry_seconds

    def _start(self) -> None:
        if not self._runs:
            self._runs, self._started_at = True, time.monotonic()
            threading.Thread(target=self._renew, name="renewal", daemon=True).start()

    def _wait(self, seconds: float | None) -> None:
        self._changed.wait_for(lambda: not self._runs, seconds)

    def _outcome(self, *, old_is_fine: bool) -> T:
        if self._trouble is not None and (self._value is None or not old_is_fine):
            raise self._trouble.with_traceback(None)  # it is raised many times, in many threads
        assert self._value is not None
        return self._value[0]

    def _renew(self) -> None:
        value: tuple[T] | None = self._value
        trouble: Exception | None = None
        try:
            value = (self._make(),)
        except Exception as error:  # noqa: BLE001 - it is raised in the caller
            trouble = error
            if str(error) != str(self._trouble):
                _log.warning("not renewed: %s", error)
        with self._changed:
            self._value, self._trouble, self._runs = value, trouble, False
            self._ended_at = time.monotonic()
            self._changed.notify_all()
