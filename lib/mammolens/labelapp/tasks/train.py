"""MONAI Label's train task: what clients see of training at ``/info/``, and a training at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from monailabel.interfaces.tasks.train import TrainTask

from mammolens.config import ModelConfig
from mammolens.errors import ModelError
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.parameters import TrainParameters, defaults
from mammolens.labelapp.serving import ServingModel
from mammolens.models.directory import TRAINING


class NormalTrain(TrainTask):
    """Trains on the images that annotators confirmed as normal; the gate decides whether the new model serves.

    Args:
        serving: the model to start from.
        learn: runs a training with the parameters of a request, and returns its outcome.
    """

    def __init__(self, serving: ServingModel, learn: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        super().__init__("Train on the images with the verdict 'normal'")
        self._serving = serving
        self._learn = learn

    def config(self) -> dict[str, Any]:
        """Parameters of a request and their defaults, which are the serving model's own."""
        config = self._serving.configuration()
        own = config.training.model_dump(mode="json") if isinstance(config, ModelConfig) else {}
        return {key: own.get(key, value) for key, value in defaults(TrainParameters).items()}

    def stats(self) -> dict[str, Any]:
        """The training record of the serving model."""
        try:
            predictor, path = self._serving.predictor(), self._serving.directory() / TRAINING
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (ModelError, OSError, ValueError) as error:
            return {"error": str(error)}
        return {**record, "model": predictor.model_id}

    def __call__(self, request: Mapping[str, Any], datastore: Images) -> dict[str, Any]:
        """Train, calibrate and evaluate; see :meth:`mammolens.labelapp.learning.learner.Learner.learn`."""
        return self._learn(request)
