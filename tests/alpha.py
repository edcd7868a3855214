"""A model with another alpha."""

import shutil
from pathlib import Path

import yaml

from mammolens.models.directory import CONFIG, seal_model


def with_alpha(model: Path, folder: Path, alpha: float) -> Path:
    """A sealed copy of a model directory in ``folder``, which flags this share of normal patients.

    A few phantoms are enough to flag at 0.2, where 0.1 takes nine patients.
    """
    shutil.copytree(model, folder)
    config = yaml.safe_load((folder / CONFIG).read_text())
    config["calibration"]["alpha"] = alpha
    (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False))
    seal_model(folder)
    return folder
