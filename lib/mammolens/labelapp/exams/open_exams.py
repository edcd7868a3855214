"""Which exams are being read, and by whom. Kept in memory: a restart forgets it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

HALF_AN_HOUR: Final = 1800.0  # seconds after which a reader who has not decided counts as gone


class OpenExams:
    """Exams that readers have opened and not decided since; thread-safe.

    Args:
        now: seconds of a clock that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._opened: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def opened(self, exam_id: str, reader: str) -> None:
        """A reader looks at an exam, and therefore at no other."""
        with self._lock:
            for readers in self._opened.values():
                readers.pop(reader, None)
            self._opened[exam_id][reader] = self._now()
            self._forget()

    def decided(self, exam_id: str, reader: str) -> None:
        """A reader has decided on an exam."""
        with self._lock:
            self._opened[exam_id].pop(reader, None)
            self._forget()

    def readers(self, besides: str) -> dict[str, list[str]]:
        """The readers of each exam that is open, but for one reader."""
        with self._lock:
            self._forget()
            found = {exam: sorted(one for one in readers if one != besides) for exam, readers in self._opened.items()}
        return {exam: readers for exam, readers in found.items() if readers}

    def _forget(self) -> None:
        oldest = self._now() - HALF_AN_HOUR
        for exam, readers in list(self._opened.items()):
            for reader in [one for one, since in readers.items() if since < oldest]:
                del readers[reader]
            if not readers:
                del self._opened[exam]
