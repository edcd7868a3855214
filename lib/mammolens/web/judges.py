"""Who judges: this process, or a server."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mammolens.inference.predictor import Predictor
from mammolens.inference.presentation import Presentation, Tell, present


class Judge(Protocol):
    """Judges files and writes what a page shows of them."""

    def judge(self, files: Mapping[Path, str], folder: Path, tell: Tell) -> Presentation:
        """As :func:`~mammolens.inference.presentation.present`."""


class LocalJudge:
    """Judges in this process, one drop after the other: two at once would take twice the memory and no less time.

    Args:
        predictor: shared by all sessions.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._one_at_a_time = threading.Lock()

    def judge(self, files: Mapping[Path, str], folder: Path, tell: Tell) -> Presentation:
        """Judge files once nobody else's are judged."""
        if not self._one_at_a_time.acquire(blocking=False):
            tell(0, len(files), "waiting for another person's images")
            self._one_at_a_time.acquire()
        try:
            return present(self.predictor, files, folder, tell)
        finally:
            self._one_at_a_time.release()
