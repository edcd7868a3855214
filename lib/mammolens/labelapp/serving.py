"""The model that serves now: loaded once, loaded again when another one was published."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from mammolens.config import AnyConfig, load_any_config
from mammolens.errors import ModelError
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import CONFIG
from mammolens.models.store import ModelStore, pretrained_directory

_log = logging.getLogger(__name__)


class ServingModel:
    """Gives the serving model's predictor.

    Args:
        store: knows which directory serves.
        load: makes a predictor of a directory.
    """

    def __init__(self, store: ModelStore, load: Callable[[Path], Predictor] = Predictor.load) -> None:
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

    def configuration(self) -> AnyConfig:
        """Of the model that serves now; of the shipped one where that is gone or damaged."""
        try:
            return self.predictor().config
        except ModelError:
            return load_any_config(pretrained_directory() / CONFIG)
