"""A model as a directory that says everything about itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from mammolens.config import ModelConfig, load_config
from mammolens.errors import ConfigError, ModelError
from mammolens.files import whole_file, write_text
from mammolens.models.registry import build_network

CONFIG, WEIGHTS, TRAINING, CALIBRATION, CARD, METRICS = (
    "config.yaml",
    "model.safetensors",
    "training.json",
    "calibration.json",
    "MODEL_CARD.md",
    "metrics.json",
)
_REMEDY = "train it again, or take a complete model directory"


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """A network with its configuration and its record.

    Attributes:
        model_id: name and fingerprint of weights and configuration: ``autoencoder-1a2b3c4d5e6f``.
        training: the record of the training: data, licence, seed, errors, versions.
    """

    model_id: str
    config: ModelConfig
    network: nn.Module
    training: dict[str, Any]


def model_id_of(directory: Path) -> str:
    """Name and SHA-256 fingerprint of the configuration and the weights of a model directory."""
    digest = hashlib.sha256()
    for name in (CONFIG, WEIGHTS):
        digest.update(_bytes(directory / name))
    return f"{load_config(directory / CONFIG).name}-{digest.hexdigest()[:12]}"


def save_model(directory: Path, config: ModelConfig, network: nn.Module, training: dict[str, Any]) -> None:
    """Write configuration, weights (safetensors) and training record; each file whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory / CONFIG, config.to_yaml())
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    with whole_file(directory / WEIGHTS) as temporary:
        save_file(state, temporary)
    write_text(directory / TRAINING, json.dumps(training, indent=1))


def load_model(directory: Path) -> TrainedModel:
    """Load a model for inference (evaluation mode).

    Raises:
        ModelError: naming the directory, what is missing or damaged, and the remedy.
    """
    if not directory.is_dir():
        raise ModelError(directory, "is no model directory", "give the output folder of 'mammolens train'")
    try:
        config = load_config(directory / CONFIG)
        network = build_network(config.network)
        _load_weights(network, directory / WEIGHTS)
        training = json.loads((directory / TRAINING).read_text(encoding="utf-8"))
        if not isinstance(training, dict):
            raise ValueError(f"{TRAINING} holds no record")
    except ConfigError as error:
        raise ModelError(directory, f"cannot be loaded ({error.source}: {error.reason})", _REMEDY) from error
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(directory, f"cannot be loaded ({_one_line(error)})", _REMEDY) from error
    return TrainedModel(model_id_of(directory), config, network.eval(), training)


def _load_weights(network: nn.Module, path: Path) -> None:
    weights = load_file(path)
    network.load_state_dict(weights)
    broken = next((name for name, tensor in weights.items() if not tensor.isfinite().all()), None)
    if broken:
        raise ValueError(f"{path.name}: {broken} holds values that are no numbers")


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{Path(error.filename).name}: {error.strerror}"
    return " ".join(line.strip() for line in str(error).splitlines()[:2])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"cannot be read ({error.strerror})", _REMEDY) from error
