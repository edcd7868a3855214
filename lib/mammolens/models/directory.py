"""A model as a self-describing directory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import nn

from mammolens.config import AnyConfig, EnsembleConfig, ModelConfig, load_any_config
from mammolens.errors import ConfigError, ModelError
from mammolens.files import write_text
from mammolens.models.calcifications import (
    CALCIFICATION_FILES,
    CALCIFICATIONS,
    CalcificationBranch,
    load_calcifications,
)
from mammolens.models.checksums import CHECKSUMS, check_checksums, write_checksums
from mammolens.models.exported import EXPORTED_FILES
from mammolens.models.networks import build_network
from mammolens.models.weights import load_weights, save_weights

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
        calcifications: the branch that looks for them, if the model has one.
        directory: that it was loaded from; ``None`` for a model that was made in memory.
    """

    model_id: str
    config: ModelConfig
    network: nn.Module
    training: dict[str, Any]
    calcifications: CalcificationBranch | None = None
    directory: Path | None = None


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
        calcifications: the branch that looks for them, if the ensemble has one; those of its members do not run.
    """

    model_id: str
    config: EnsembleConfig
    members: tuple[EnsembleMemberModel, ...]
    training: dict[str, Any]
    calcifications: CalcificationBranch | None = None


AnyModel = TrainedModel | TrainedEnsemble


def model_id_of(directory: Path) -> str:
    """Name and SHA-256 fingerprint of the configurations and the weights of a model directory.

    The files of a calcification branch are not part of it: the branch changes a result only through the calibration,
    whose own fingerprint holds the branch's scores.

    Raises:
        ConfigError: the configuration is missing or damaged.
    """
    return _model_id(directory, load_any_config(directory / CONFIG))


def _model_id(directory: Path, config: AnyConfig) -> str:
    parts = _network_directories(directory, config)
    own = [directory / CONFIG] if parts != [directory] else []
    digest = hashlib.sha256()
    for path in (*own, *(part / name for part in parts for name in (CONFIG, WEIGHTS))):
        digest.update(_bytes(path))
    return f"{config.name}-{digest.hexdigest()[:12]}"


def network_directories(directory: Path) -> list[Path]:
    """The model directories whose networks are run: those of an ensemble's members, or this one.

    Raises:
        ConfigError: the configuration is missing or damaged.
    """
    return _network_directories(directory, load_any_config(directory / CONFIG))


def _network_directories(directory: Path, config: AnyConfig) -> list[Path]:
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
    branches = [
        folder / name
        for folder in folders
        if (directory / folder / CALCIFICATIONS).is_dir()
        for name in CALCIFICATION_FILES
    ]
    others = (CHECKSUMS, CARD, METRICS, *EXPORTED_FILES)
    return [*needed, *weights, *branches], [folder / name for folder in folders for name in others]


def save_model(directory: Path, config: ModelConfig, network: nn.Module, training: dict[str, Any]) -> None:
    """Write configuration, weights (safetensors, float16) and training record; each file whole or not at all.

    Call :func:`seal_model` after adding the calibration.

    Args:
        network: with weights that float16 holds, see :func:`mammolens.models.weights.round_weights`; others are
            rounded in the file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory / CONFIG, config.to_yaml())
    save_weights(network, directory / WEIGHTS)
    write_text(directory / TRAINING, json.dumps(training, indent=1))
    seal_model(directory)


def seal_model(directory: Path) -> None:
    """Write the checksums of a model's files, and of those of its members, as they are now.

    Configuration, weights, exported networks, calibration and training record are covered: what a result depends on.
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
    return [CONFIG, WEIGHTS, CALIBRATION, TRAINING, *CALCIFICATION_FILES, *EXPORTED_FILES, *members]


def _member_directories(directory: Path) -> list[Path]:
    """Those of an ensemble that are there; by the folders, since the configuration may be what is damaged."""
    return sorted(path for path in (directory / MEMBERS).glob("[!.]*") if path.is_dir())


def load_model(directory: Path, *, calibrated: bool = True) -> TrainedModel:
    """Load a model that is not an ensemble of whole models, for inference (evaluation mode).

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
            return TrainedEnsemble(_model_id(directory, config), config, members, training, branch_of(directory))
        network = build_network(config.network)
        load_weights(network, directory / WEIGHTS)
        calcifications = branch_of(directory)
    except ConfigError as error:
        raise ModelError(directory, f"cannot be loaded ({error.source}: {error.reason})", _REMEDY) from error
    except ModelError:
        raise
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(directory, f"cannot be loaded ({_one_line(error)})", _REMEDY) from error
    return TrainedModel(_model_id(directory, config), config, network.eval(), training, calcifications, directory)


def branch_of(directory: Path) -> CalcificationBranch | None:
    """The calcification branch of a model directory, ``None`` where it has none; files are not checked.

    Raises:
        ModelError: a file of it is missing or damaged.
    """
    try:
        return load_calcifications(directory)
    except ConfigError as error:
        raise ModelError(directory, f"cannot be loaded ({error.source}: {error.reason})", _REMEDY) from error
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(directory, f"cannot be loaded ({_one_line(error)})", _REMEDY) from error


def record_of(directory: Path) -> dict[str, Any]:
    """The training record of a model directory; empty where there is none."""
    try:
        record = json.loads((directory / TRAINING).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{Path(error.filename).name}: {error.strerror}"
    return " ".join(line.strip() for line in str(error).splitlines()[:2])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"cannot be read ({error.strerror})", _REMEDY) from error
