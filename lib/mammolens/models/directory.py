"""A model as a self-describing directory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from mammolens.config import EnsembleConfig, ModelConfig, load_any_config
from mammolens.errors import ConfigError, ModelError
from mammolens.files import atomic_file, write_text
from mammolens.models.checksums import CHECKSUMS, check_checksums, write_checksums
from mammolens.models.networks import build_network

CONFIG, WEIGHTS, TRAINING, CALIBRATION, CARD, METRICS = (
    "config.yaml",
    "model.safetensors",
    "training.json",
    "calibration.json",
    "MODEL_CARD.md",
    "metrics.json",
)
MEMBERS = "members"  # folder of an ensemble, with a model directory for each member
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


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleMemberModel:
    """One whole model of an ensemble: its name, its directory, its share of means, and the model itself."""

    name: str
    directory: Path
    weight: float
    model: TrainedModel


@dataclass(frozen=True, slots=True, eq=False)
class TrainedEnsemble:
    """Several whole models that are served as one.

    Attributes:
        model_id: name and fingerprint of all configurations and weights.
        members: in the order of the configuration; the first one's grid carries the maps.
        training: the record: what the members learned from, and what they calibrate on together.
    """

    model_id: str
    config: EnsembleConfig
    members: tuple[EnsembleMemberModel, ...]
    training: dict[str, Any]


AnyModel = TrainedModel | TrainedEnsemble


def model_id_of(directory: Path) -> str:
    """Name and SHA-256 fingerprint of the configurations and the weights of a model directory."""
    digest = hashlib.sha256()
    for path in fingerprinted_files(directory):
        digest.update(_bytes(path))
    return f"{load_any_config(directory / CONFIG).name}-{digest.hexdigest()[:12]}"


def fingerprinted_files(directory: Path) -> list[Path]:
    """The configurations and the weights, whose fingerprint is the id of a model.

    Raises:
        ConfigError: the configuration is missing or damaged.
    """
    parts = network_directories(directory)
    own = [directory / CONFIG] if parts != [directory] else []
    return [*own, *(part / name for part in parts for name in (CONFIG, WEIGHTS))]


def network_directories(directory: Path) -> list[Path]:
    """The model directories whose networks are run: those of an ensemble's members, or this one.

    Raises:
        ConfigError: the configuration is missing or damaged.
    """
    config = load_any_config(directory / CONFIG)
    if isinstance(config, EnsembleConfig):
        return [directory / MEMBERS / name for name in config.ensemble.names]
    return [directory]


def model_files(directory: Path) -> tuple[list[Path], list[Path]]:
    """The files, relative to the directory, that a trained and calibrated model must have, and those that it may have.

    Raises:
        ConfigError: the configuration is missing or damaged.
    """
    parts = [part.relative_to(directory) for part in network_directories(directory)]
    weights = [part / WEIGHTS for part in parts]
    folders = list(dict.fromkeys((Path(), *parts)))
    needed = [folder / name for folder in folders for name in (CONFIG, TRAINING, CALIBRATION)]
    return [*needed, *weights], [folder / name for folder in folders for name in (CHECKSUMS, CARD, METRICS)]


def save_model(directory: Path, config: ModelConfig, network: nn.Module, training: dict[str, Any]) -> None:
    """Write configuration, weights (safetensors, float16) and training record; each file whole or not at all.

    Call :func:`seal_model` after adding the calibration.

    Args:
        network: with weights that float16 holds, see :func:`round_weights`; others are rounded in the file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory / CONFIG, config.to_yaml())
    state = {name: _kept(tensor).contiguous() for name, tensor in network.state_dict().items()}
    with atomic_file(directory / WEIGHTS) as temporary:
        save_file(state, temporary)
    write_text(directory / TRAINING, json.dumps(training, indent=1))
    seal_model(directory)


def seal_model(directory: Path) -> None:
    """Write the checksums of a model's files, and of those of its members, as they are now.

    Configuration, weights, calibration and training record are covered: what a result depends on.
    """
    for member in _member_directories(directory):
        seal_model(member)
    write_checksums(directory, _sealed_names(directory))


def accept_changes(directory: Path) -> str:
    """Seal a model whose files were changed on purpose, if its networks can be loaded; returns its id.

    Raises:
        ModelError: it cannot be loaded; its checksums stay as they are.
    """
    model = _loaded(directory)
    seal_model(directory)
    return model.model_id


def check_model(directory: Path, *, but: Collection[str] = ()) -> None:
    """Check the files of a model against its checksums.

    Args:
        directory: of the model.
        but: names of files that need not match, here and in members.

    Raises:
        ModelError: naming the file that does not match, is missing or is not listed.
    """
    check_checksums(directory, _sealed_names(directory), ignored=but)
    for member in _member_directories(directory):
        check_model(member, but=but)


def _sealed_names(directory: Path) -> list[str]:
    members = [(folder / CHECKSUMS).relative_to(directory).as_posix() for folder in _member_directories(directory)]
    return [CONFIG, WEIGHTS, CALIBRATION, TRAINING, *members]


def _member_directories(directory: Path) -> list[Path]:
    """Those of an ensemble that are there; by the folders, since the configuration may be what is damaged."""
    return sorted(path for path in (directory / MEMBERS).glob("[!.]*") if path.is_dir())


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round the weights in place to those that :func:`save_model` keeps, so that what is measured is what is saved.

    Raises:
        ConfigError: a weight is too large for float16.
    """
    for tensor in network.state_dict().values():
        tensor.copy_(_kept(tensor))
        if not tensor.isfinite().all():
            reason = "has led to weights that half precision cannot hold"
            raise ConfigError("training.learning_rate", reason, "choose a smaller one")


def _kept(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half() if tensor.is_floating_point() else tensor


def load_model(directory: Path, *, calibrated: bool = True) -> TrainedModel:
    """Load a model that is no ensemble of whole models, for inference (evaluation mode).

    Args:
        directory: as for :func:`load_any_model`.
        calibrated: as for :func:`load_any_model`.

    Raises:
        ModelError: naming the directory, what is missing or damaged, and the remedy.
    """
    return _single(directory, load_any_model(directory, calibrated=calibrated))


def _loaded_network(directory: Path) -> TrainedModel:
    return _single(directory, _loaded(directory))


def _single(directory: Path, model: AnyModel) -> TrainedModel:
    if isinstance(model, TrainedEnsemble):
        remedy = f"give one of its members: {directory / MEMBERS / model.members[0].name}"
        raise ModelError(directory, "is an ensemble of whole models", remedy)
    return model


def load_any_model(directory: Path, *, calibrated: bool = True) -> AnyModel:
    """Load a model or an ensemble of whole models, for inference.

    Args:
        directory: of the model; its files must match its checksums.
        calibrated: the calibrations must be complete as well; otherwise they are ignored.

    Raises:
        ModelError: as :func:`load_model`.
    """
    if not directory.is_dir():
        raise ModelError(directory, "is not a model directory", "give the output folder of 'mammolens train'")
    check_model(directory, but=() if calibrated else (CALIBRATION,))
    return _loaded(directory)


def _loaded(directory: Path) -> AnyModel:
    """Load a model whose files were checked."""
    try:
        config = load_any_config(directory / CONFIG)
        training = json.loads((directory / TRAINING).read_text(encoding="utf-8"))
        if not isinstance(training, dict):
            raise ValueError(f"{TRAINING} holds no record")
        if isinstance(config, EnsembleConfig):
            members = tuple(
                EnsembleMemberModel(name, folder, weight, _loaded_network(folder))
                for name, weight in config.ensemble.weights.items()
                for folder in (directory / MEMBERS / name,)
            )
            return TrainedEnsemble(model_id_of(directory), config, members, training)
        network = build_network(config.network)
        _load_weights(network, directory / WEIGHTS)
    except ConfigError as error:
        raise ModelError(directory, f"cannot be loaded ({error.source}: {error.reason})", _REMEDY) from error
    except ModelError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(directory, f"cannot be loaded ({_one_line(error)})", _REMEDY) from error
    return TrainedModel(model_id_of(directory), config, network.eval(), training)


def record_of(directory: Path) -> dict[str, Any]:
    """The training record of a model directory; empty where there is none."""
    try:
        record = json.loads((directory / TRAINING).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _load_weights(network: nn.Module, path: Path) -> None:
    weights = load_file(path)
    network.load_state_dict(weights)
    broken = next((name for name, tensor in weights.items() if not tensor.isfinite().all()), None)
    if broken:
        raise ValueError(f"{path.name}: {broken} contains values that are not numbers")


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{Path(error.filename).name}: {error.strerror}"
    return " ".join(line.strip() for line in str(error).splitlines()[:2])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"cannot be read ({error.strerror})", _REMEDY) from error
