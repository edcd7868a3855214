"""Whether a model directory is what a training would make."""

from __future__ import annotations

from pathlib import Path

from mammolens.config import ModelConfig, load_config
from mammolens.datasets.base import Dataset
from mammolens.errors import MammoLensError
from mammolens.models.directory import CONFIG, model_id_of, record_of
from mammolens.training.partition import partition
from mammolens.training.record import data_fingerprint


def matches_training(
    directory: Path, config: ModelConfig, dataset: Dataset, exposure: Dataset | None, start_from: Path | None
) -> bool:
    """Whether the directory holds what this training would make: it is written whole, or not at all.

    Args:
        directory: of a model, if there is one.
        config: of the training.
        dataset: that it learns from.
        exposure: as :func:`mammolens.training.engine.train` takes it.
        start_from: model directory whose weights it begins with.
    """
    record = record_of(directory)
    try:
        origin, parts = model_id_of(start_from) if start_from else None, partition(dataset, config, exposure)
        return (
            load_config(directory / CONFIG).to_yaml() == config.to_yaml()
            and record.get("data_fingerprint") == data_fingerprint(parts.normals)
            and record.get("exposure_fingerprint") == data_fingerprint([parts.exposure])
            and record.get("started_from") == origin
        )
    except MammoLensError:
        return False
