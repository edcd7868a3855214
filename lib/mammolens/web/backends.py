"""Who judges: this process, or a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mammolens.inference.predictor import Predictor
from mammolens.inference.presentation import Presentation, Tell, present


class InferenceBackend(Protocol):
    """Judges files and writes what a page shows of them."""

    def infer(self, files: Mapping[Path, str], folder: Path, tell: Tell) -> Presentation:
        """As :func:`~mammolens.inference.presentation.present`."""


class LocalBackend:
    """Judges in this process, one drop after the other: two at once would take twice the memory and no less time.

    Args:
        predictor: shared by all sessions.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._one_at_a_time = threading.Lock()

    @property
    def model_id(self) -> str:
        """Of the model that judges."""
        return self._predictor.model_id

    def infer(self, files: Mapping[Path, str], folder: Path, tell: Tell) -> Presentation:
        """Analyse files once nobody else's are judged."""
        with self.alone(lambda: tell(0, len(files), "waiting for another person's images")) as predictor:
            return present(predictor, files, folder, tell)

    @contextmanager
    def alone(self, wait: Callable[[], None] = lambda: None) -> Iterator[Predictor]:
        """The model once nobody else uses it; ``wait`` is called where somebody does."""
        if not self._one_at_a_time.acquire(blocking=False):
            wait()
            self._one_at_a_time.acquire()
        try:
            yield self._predictor
        finally:
            self._one_at_a_time.release()
