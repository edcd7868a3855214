"""The model that serves now: loaded once, loaded again when another one was published."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mammolens.inference.predictor import Predictor

_log = logging.getLogger(__name__)


class Store(Protocol):
    """What is wanted of a model store; :class:`mammolens.models.store.ModelStore` is one."""

    def serving(self) -> Path:
        """Directory of the model that serves now."""

    def publish(self, model_directory: Path) -> str:
        """Make a model serve; returns its version."""


class Serving:
    """Gives the serving model's predictor.

    Args:
        store: knows which directory serves.
        load: makes a predictor of a directory.
    """

    def __init__(self, store: Store, load: Callable[[Path], Predictor] = Predictor.load) -> None:
        self.store = store
        self._load = load
        self._lock = threading.Lock()
        self._loaded: tuple[Path, Predictor] | None = None

    def predictor(self) -> Predictor:
        """The predictor of the model that serves now; take it once a request, so that one model answers it.

        Raises:
            ModelError: no model, or a damaged one.
        """
        directory = self.store.serving().resolve()
        with self._lock:
            if self._loaded is None or self._loaded[0] != directory:
                predictor = self._load(directory)
                _log.info("serving model %s from %s", predictor.model_id, directory)
                self._loaded = (directory, predictor)
            return self._loaded[1]
