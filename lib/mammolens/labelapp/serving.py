"""The model that serves now: loaded once, loaded again when another one was published."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mammolens.config import AnyConfig, load_any_config
from mammolens.errors import ConfigError, ModelError, RequestError
from mammolens.inference.predictor import Predictor
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device, choose_device
from mammolens.models.directory import CONFIG
from mammolens.models.store import ModelStore, pretrained_directory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    """What serves while the version in use and the stamp of its files stay the same."""

    wanted: str | None
    stamp: object
    version: str | None
    directory: Path
    predictor: Predictor
    refusal: str | None
    elsewhere: dict[Device, Predictor] = field(default_factory=dict)


class ServingModel:
    """Gives the serving model's predictor.

    A version whose files do not match their checksums is refused, and the last good one serves: the copy in memory if
    it is of that version, or else the version that served before. :meth:`refusal` says so.

    Args:
        store: knows which directory serves.
        load: makes a predictor of a directory.
    """

    def __init__(self, store: ModelStore, load: Callable[[Path], Predictor] = Predictor.load) -> None:
        self.store = store
        self._load = load
        self._lock = threading.Lock()
        self._served: _Served | None = None

    def predictor(self, device: str | None = None) -> Predictor:
        """The predictor of the model that serves now; take it once a request, so that one model answers it.

        Args:
            device: to run on in place of the server's own, in the same precision; ``None`` or ``auto``: the server's.

        Raises:
            ModelError: neither the version in use nor one before it can be loaded.
            RequestError: there is no such device.
        """
        served = self._now()
        if device in (None, AUTO):
            return served.predictor
        try:
            wanted = choose_device(device, served.predictor.device.precision)
        except ConfigError as error:
            raise RequestError("device", f"{device!r} {error.reason}", "leave it out for the server's own") from error
        with self._lock:
            return served.elsewhere.setdefault(wanted, served.predictor.on(wanted))

    def directory(self) -> Path:
        """The directory of the model that serves now.

        Raises:
            ModelError: as :meth:`predictor`.
        """
        return self._now().directory

    def refusal(self) -> str | None:
        """Why the version in use does not serve, and what serves instead; ``None`` where it does.

        Raises:
            ModelError: as :meth:`predictor`.
        """
        return self._now().refusal

    def configuration(self) -> AnyConfig:
        """Of the model that serves now; of the shipped one where that is gone or damaged."""
        try:
            return self.predictor().config
        except ModelError:
            return load_any_config(pretrained_directory() / CONFIG)

    def _now(self) -> _Served:
        with self._lock:
            wanted = self.store.serving_version()
            stamp = self.store.stamp(wanted)
            if self._served is None or (self._served.wanted, self._served.stamp) != (wanted, stamp):
                self._served = self._found(wanted, stamp)
            return self._served

    def _found(self, wanted: str | None, stamp: object) -> _Served:
        refused: ModelError | None = None
        for version in self.store.candidates():
            try:
                directory = self.store.checked(version).resolve()
                predictor = self._load(directory)
            except ModelError as error:
                _log.error("model %s is refused: %s", version or "of the package", error)
                refused = refused or error
                if self._served is None or self._served.version != version:
                    continue
                directory, predictor = self._served.directory, self._served.predictor
            _log.info("serving model %s from %s", predictor.model_id, directory)
            refusal = _refusal(wanted, refused, predictor) if refused else None
            return _Served(wanted, stamp, version, directory, predictor, refusal)
        assert refused is not None
        raise refused


def _refusal(version: str | None, error: ModelError, predictor: Predictor) -> str:
    """The reason in words, without a path, because it is shown on other computers."""
    model, source = version or "of the package", Path(error.source).name
    reason = error.reason if source == version else f"{source} {error.reason}"
    return f"Model {model} is refused: {reason}. A good copy of {predictor.model_id} serves until it is restored."
