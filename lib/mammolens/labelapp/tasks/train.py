"""The train task: learn from the accepted normals, calibrate, publish."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from monailabel.interfaces.tasks.train import TrainTask

from mammolens.config import ModelConfig, load_config
from mammolens.datasets.base import Dataset
from mammolens.errors import ModelError
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.parameters import TrainParameters, defaults, parse
from mammolens.labelapp.tasks.normals import accepted_normals
from mammolens.labelapp.tasks.serving import Serving
from mammolens.models.directory import CONFIG, TRAINING
from mammolens.models.store import pretrained_directory
from mammolens.training.engine import train
from mammolens.training.progress import Observer, Stage, TrainingProgress

_log = logging.getLogger(__name__)
_OWN = ("from_scratch", "resume")


class Train(Protocol):
    """What learns; :func:`mammolens.training.engine.train` by default."""

    def __call__(
        self,
        config: ModelConfig,
        dataset: Dataset,
        output: Path,
        *,
        progress: Observer,
        resume: bool,
        start_from: Path | None,
    ) -> Path:
        """Write a whole model directory at ``output``."""


class NormalTrain(TrainTask):
    """Learns what normal is from the images that annotators accepted, and lets the new model serve.

    Nothing is half-written when the process is killed: the model is published only when it is whole.

    Args:
        serving: gives the model to start from and takes the new one.
        workplace: folder that the model is made in; what a stopped training leaves beside it can be resumed.
        train: what learns.
    """

    def __init__(self, serving: Serving, workplace: Path, train: Train = train) -> None:
        super().__init__("Learn from the images with the verdict 'normal'")
        self._serving = serving
        self._workplace = workplace
        self._train = train

    def config(self) -> dict[str, Any]:
        """Parameters of a request and their defaults, which are the serving model's own."""
        own = self._serving_configuration().training.model_dump(mode="json")
        return {key: own.get(key, value) for key, value in defaults(TrainParameters).items()}

    def stats(self) -> dict[str, Any]:
        """The training record of the serving model."""
        try:
            predictor, path = self._serving.predictor(), self._serving.store.serving() / TRAINING
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (ModelError, OSError, ValueError) as error:
            return {"error": str(error)}
        return {**record, "model": predictor.model_id}

    def __call__(self, request: Mapping[str, Any], datastore: Images) -> dict[str, Any]:
        """Train, calibrate and publish.

        Returns:
            ``{"model": version that serves now, "images": n, "patients": n}``.

        Raises:
            DatasetError: too few patients were accepted as normal.
            RequestError: a parameter that cannot be used.
        """
        wanted = parse(TrainParameters, request)
        dataset = accepted_normals(datastore)
        counts = {"images": len(dataset.cases), "patients": len(dataset.patients)}
        _log.info("training on %d accepted images of %d patients", *counts.values())
        shutil.rmtree(self._workplace, ignore_errors=True)
        self._workplace.parent.mkdir(parents=True, exist_ok=True)
        made = self._train(
            self._configuration(wanted),
            dataset,
            self._workplace,
            progress=_Log(),
            resume=wanted.resume,
            start_from=None if wanted.from_scratch else self._serving_directory(),
        )
        version = self._serving.store.publish(made)
        shutil.rmtree(made, ignore_errors=True)
        _log.info("done: model %s serves now", version)
        return {"model": version, **counts}

    def _configuration(self, wanted: TrainParameters) -> ModelConfig:
        base = self._serving_configuration()
        # What annotators accept is normal: there is no known cancer to learn from, whatever the serving model did.
        changes = {**wanted.model_dump(exclude_none=True, exclude=set(_OWN)), "exposure_weight": 0.0}
        return base.model_copy(update={"training": base.training.model_copy(update=changes)})

    def _serving_configuration(self) -> ModelConfig:
        """Of the serving model; of the shipped one where the serving one is gone."""
        try:
            return self._serving.predictor().config
        except ModelError:
            return load_config(pretrained_directory() / CONFIG)

    def _serving_directory(self) -> Path | None:
        try:
            self._serving.predictor()
        except ModelError:
            return None
        return self._serving.store.serving()


class _Log:
    """One line an epoch, and now and then one of the images that are prepared or scored."""

    _EVERY = 50

    def __call__(self, progress: TrainingProgress) -> None:
        if progress.stage is Stage.LEARN or progress.done % self._EVERY == 0 or progress.done == progress.total:
            _log.info("%s", progress)
