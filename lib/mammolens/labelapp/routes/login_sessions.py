"""Logins that a server remembers until it stops: each by the digest of its token, for a bounded time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from mammolens.accounts import digest_of

T = TypeVar("T")
_LONGEST_S: Final = 12 * 3600.0
_LONGEST_IDLE_S: Final = 3600.0
_MOST_SESSIONS: Final = 10_000


@dataclass(slots=True)
class _Session(Generic[T]):
    user: T
    began: float
    used: float


class LoginSessions(Generic[T]):
    """Sessions of twelve hours, which end when they were not used for one. Thread-safe.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session[T]] = {}

    def begin(self, user: T) -> str:
        """The token of a new session; the oldest session ends if there are 10,000."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._sessions = {digest: one for digest, one in self._sessions.items() if not _has_ended(one, now)}
            while len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[digest_of(token)] = _Session(user, now, now)
        return token

    def get(self, token: str) -> T | None:
        """Whose session it is; ``None``: it is not known, or has ended."""
        now = self._clock()
        with self._lock:
            session = self._sessions.get(digest_of(token))
            if session is None or _has_ended(session, now):
                return None
            session.used = now
            return session.user

    def end(self, token: str) -> T | None:
        """End a session, and tell whose it was."""
        with self._lock:
            session = self._sessions.pop(digest_of(token), None)
        return None if session is None else session.user


def _has_ended(session: _Session[T], now: float) -> bool:
    return now - session.began > _LONGEST_S or now - session.used > _LONGEST_IDLE_S
