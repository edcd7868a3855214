"""Limits on wrong passwords, by user name and by address."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from fastapi import HTTPException

_WINDOW_S: Final = 900.0
_MOST_OF_A_USER: Final = 10
_MOST_OF_AN_ADDRESS: Final = 30
_MOST_REMEMBERED: Final = 10_000  # then the oldest are forgotten, so that made-up names fill no memory


class LoginGuesses:
    """Counts failed logins of the last fifteen minutes; thread-safe.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def check(self, user: str, address: str) -> None:
        """Refuse a login after too many failed ones.

        Args:
            user: name as it is given.
            address: of the client.

        Raises:
            HTTPException: 429 with ``Retry-After``: ten of the user, or thirty of the address, have failed.
        """
        with self._lock:
            waits = [self._wait_s(key, most) for key, most in _keys(user, address).items()]
        if seconds := math.ceil(max(waits)):
            reason = f"login: failed too often; try again in {math.ceil(seconds / 60)} minutes"
            raise HTTPException(429, reason, {"Retry-After": str(seconds)})

    def failed(self, user: str, address: str) -> None:
        """Note a wrong name or password."""
        with self._lock:
            for key in _keys(user, address):
                times = self._failed.setdefault(key, deque(maxlen=_MOST_OF_AN_ADDRESS))
                times.append(self._clock())
                self._failed.move_to_end(key)
            while len(self._failed) > _MOST_REMEMBERED:
                self._failed.popitem(last=False)

    def succeeded(self, user: str) -> None:
        """Forget the failures of a user who logged in; those of the address stay."""
        with self._lock:
            self._failed.pop(_user_key(user), None)

    def _wait_s(self, key: tuple[str, str], most: int) -> float:
        """Seconds until fewer than ``most`` failures lie in the window; 0: there are fewer."""
        times = self._failed.get(key, ())
        return max(0.0, times[-most] + _WINDOW_S - self._clock()) if len(times) >= most else 0.0


def _keys(user: str, address: str) -> dict[tuple[str, str], int]:
    return {_user_key(user): _MOST_OF_A_USER, ("address", address): _MOST_OF_AN_ADDRESS}


def _user_key(user: str) -> tuple[str, str]:
    return "user", user.strip().casefold()[:256]
