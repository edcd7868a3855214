"""The task that a configuration asks for."""

from __future__ import annotations

from mammolens.config import ModelConfig
from mammolens.errors import ConfigError
from mammolens.training.preparation import StoredCases
from mammolens.training.reconstruction import ReconstructionTask
from mammolens.training.restoration import RestorationTask
from mammolens.training.task import Task


def build_task(config: ModelConfig, learners: StoredCases, validation: StoredCases, exposure: StoredCases) -> Task:
    """Restoration where the configuration has ``training.lesions``, else reconstruction.

    Args:
        config: of the model.
        learners: normal images to learn from.
        validation: of other normal patients.
        exposure: known abnormal ones with outlined lesions; empty unless ``training.exposure_share`` is above 0.

    Raises:
        ConfigError: lesions, whose sizes are in mm, on a grid without a pixel size; or exposure without lesions.
    """
    training, grid = config.training, config.preprocessing
    if training.lesions is None:
        if training.exposure_share:
            reason = "training on known lesions requires synthetic lesions"
            raise ConfigError("training.exposure_share", reason, "set training.lesions as well, or set this to 0")
        return ReconstructionTask(learners.images, validation.images, training)
    if grid.grid != "pixel_size" or grid.pixel_size_mm is None:
        reason = "has sizes in mm, and the grid has no pixel size"
        raise ConfigError("training.lesions", reason, "set preprocessing.grid to pixel_size")
    return RestorationTask(learners.images, validation.images, training, grid.pixel_size_mm, exposure.images)
