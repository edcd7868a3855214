"""A wish to stop, handed from the person's thread to the one that works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Cancelled(Exception):
    """The work was stopped because somebody asked for it; no error to show."""


class CancelToken:
    """Says once and for all that work shall stop; safe from any thread.

    Calling it tells whether it was cancelled, so that a plain function can stand in for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._actions: list[Callable[[], None]] = []

    def __call__(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Ask for the end; whatever waits in :meth:`stopping_by` is woken."""
        with self._lock:
            self._cancelled, actions = True, list(self._actions)
        for action in actions:
            with suppress(OSError):  # a connection that has just ended by itself
                action()

    def check(self) -> None:
        """Go on, or raise.

        Raises:
            Cancelled: somebody asked for the end.
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
