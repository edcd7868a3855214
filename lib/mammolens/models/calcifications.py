"""The calcification branch: an optional part of a model, in the folder ``calcifications`` of its directory."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from mammolens.config import CalcificationConfig, load_calcification_config
from mammolens.files import write_text
from mammolens.models.calcification_network import CalcificationNetwork
from mammolens.models.weights import load_weights, save_weights
from mammolens.types import COARSEST_FOR_CALCIFICATIONS_MM

CALCIFICATIONS: Final = "calcifications"
_CONFIG, _WEIGHTS, _TRAINING = "config.yaml", "model.safetensors", "training.json"
CALCIFICATION_FILES: Final = tuple(f"{CALCIFICATIONS}/{name}" for name in (_CONFIG, _WEIGHTS, _TRAINING))
_AFTER_CALIBRATION = (
    "Calcifications are looked for only after calibration on your own normal images of "
    f"{COARSEST_FOR_CALCIFICATIONS_MM:g} mm per pixel or finer."
)


@dataclass(frozen=True, slots=True, eq=False)
class CalcificationBranch:
    """A network that finds clusters of calcifications at full resolution.

    Attributes:
        config: pixel size and border.
        network: from greys to log odds, see :class:`CalcificationNetwork`.
        training: the record of the training: data, licence, seed, errors, versions.
    """

    config: CalcificationConfig
    network: nn.Module
    training: dict[str, Any]


def limitation_with(branch: CalcificationBranch | None, limitation: str | None, *, takes_part: bool) -> str | None:
    """What a model does not look for, in a sentence.

    Args:
        branch: of the model, if it has one.
        limitation: of the model without a branch.
        takes_part: whether the calibration lets the branch take part.
    """
    if branch is None or limitation is None:
        return limitation
    return None if takes_part else _AFTER_CALIBRATION


def save_calcifications(folder: Path, branch: CalcificationBranch) -> None:
    """Write configuration, weights (safetensors, float16) and training record; each file whole or not at all."""
    write_text(folder / _CONFIG, branch.config.to_yaml())
    save_weights(branch.network, folder / _WEIGHTS)
    write_text(folder / _TRAINING, json.dumps(branch.training, indent=1))


def load_calcifications(directory: Path) -> CalcificationBranch | None:
    """The branch of a model, in evaluation mode; ``None`` where the model has none.

    Args:
        directory: of the model.

    Raises:
        ConfigError: the configuration is missing or damaged.
        OSError, SafetensorError, RuntimeError, ValueError: a file is missing or damaged.
    """
    folder = directory / CALCIFICATIONS
    if not folder.is_dir():
        return None
    network = CalcificationNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch
    load_weights(network, folder / _WEIGHTS)
    training = json.loads((folder / _TRAINING).read_text(encoding="utf-8"))
    if not isinstance(training, dict):
        raise ValueError(f"{_TRAINING} holds no record")
    return CalcificationBranch(load_calcification_config(folder / _CONFIG), network.eval(), training)


def copy_branch(directory: Path, target: Path) -> None:
    """Copy the branch of a model, if it has one, to another model directory."""
    if (directory / CALCIFICATIONS).is_dir():
        shutil.copytree(directory / CALCIFICATIONS, target / CALCIFICATIONS)
