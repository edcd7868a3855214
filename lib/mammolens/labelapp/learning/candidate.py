"""The folder in which a candidate model is trained or recalibrated."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Protocol

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device
from mammolens.training.engine import train
from mammolens.training.existing_model import matches_training
from mammolens.training.progress import Observer
from mammolens.training.recalibrate import recalibrate

_log = logging.getLogger(__name__)


class Train(Protocol):
    """Trains a model; :func:`mammolens.training.engine.train` by default."""

    def __call__(
        self,
        config: ModelConfig,
        dataset: Dataset,
        output: Path,
        *,
        exposure: Dataset | None,
        progress: Observer,
        resume: bool,
        start_from: Path | None,
        device: str | Device,
    ) -> Path:
        """Write a whole model directory at ``output``."""


class CandidateFolder:
    """Creates candidate models, one at a time.

    With ``resume``, the work of a killed process continues: from the checkpoint of the same configuration and data, or,
    if the process was killed during the gate, with the finished model.

    Args:
        folder: the model directory to write; a checkpoint is stored beside it.
        train: trains a model.
    """

    def __init__(self, folder: Path, train: Train = train) -> None:
        self.folder = folder
        self._train = train

    def trained(
        self,
        config: ModelConfig,
        dataset: Dataset,
        *,
        start_from: Path | None,
        resume: bool,
        observe: Observer,
        exposure: Dataset | None = None,
        device: str | Device = AUTO,
    ) -> Path:
        """Train; raises as :func:`mammolens.training.engine.train` does."""
        if resume and matches_training(self.folder, config, dataset, exposure, start_from):
            _log.info("the model is trained already; the gate is next")
            return self.folder
        self.clear()
        return self._train(
            config,
            dataset,
            self.folder,
            exposure=exposure,
            progress=observe,
            resume=resume,
            start_from=start_from,
            device=device,
        )

    def recalibrated(
        self, directory: Path, dataset: Dataset, *, unseen: bool, observe: Observer, device: str | Device = AUTO
    ) -> Path:
        """Recalibrate; raises as :func:`mammolens.training.recalibrate.recalibrate` does."""
        self.clear()
        recalibrate(directory, dataset, self.folder, unseen=unseen, progress=observe, device=device)
        return self.folder

    def clear(self) -> None:
        """Remove the candidate."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
