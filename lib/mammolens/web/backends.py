"""Where inference runs: in this process or on a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mammolens.inference.predictor import Predictor
from mammolens.inference.presentation import OnProgress, Presentation, present


class InferenceBackend(Protocol):
    """Analyses files and writes what a page shows."""

    def infer(self, files: Mapping[Path, str], folder: Path, on_progress: OnProgress) -> Presentation:
        """As :func:`~mammolens.inference.presentation.present`."""


class LocalBackend:
    """Inference in this process, one upload at a time: two at once would take twice the memory and no less time.

    Args:
        predictor: shared by all sessions.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._one_at_a_time = threading.Lock()

    @property
    def model_id(self) -> str:
        """The id of the model."""
        return self._predictor.model_id

    def infer(self, files: Mapping[Path, str], folder: Path, on_progress: OnProgress) -> Presentation:
        """Analyse files as soon as no other upload is being analysed."""
        with self.alone(lambda: on_progress(0, len(files), "waiting for another user's images")) as predictor:
            return present(predictor, files, folder, on_progress)

    @contextmanager
    def alone(self, wait: Callable[[], None] = lambda: None) -> Iterator[Predictor]:
        """Exclusive use of the model; ``wait`` is called if it is busy."""
        if not self._one_at_a_time.acquire(blocking=False):
            wait()
            self._one_at_a_time.acquire()
        try:
            yield self._predictor
        finally:
            self._one_at_a_time.release()
