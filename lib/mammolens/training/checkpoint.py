"""The state of a run after an epoch, so that it can go on as if it had never stopped."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from mammolens.files import atomic_file

FILE = "checkpoint.safetensors"
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class LearningState:
    """The state of a training; errors are one value per epoch.

    Attributes:
        best: weights of the epoch with the lowest validation error so far.
    """

    epoch: int = 0
    training_errors: list[float] = field(default_factory=list)
    validation_errors: list[float] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 before the first."""
        errors = self.validation_errors
        return errors.index(min(errors)) + 1 if errors else 0


def save_checkpoint(
    path: Path,
    fingerprint: str,
    state: LearningState,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: nn.Module | None = None,
) -> None:
    """Write weights, their average, best weights, optimiser and history into one safetensors file, or nothing."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in state.best.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
    history = {
        "epoch": state.epoch,
        "training_errors": state.training_errors,
        "validation_errors": state.validation_errors,
    }
    metadata = {"fingerprint": fingerprint, "history": json.dumps(history)}
    with atomic_file(path) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata=metadata)


def load_checkpoint(
    path: Path,
    fingerprint: str,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: nn.Module | None = None,
) -> LearningState | None:
    """Restore what :func:`save_checkpoint` wrote; ``None`` where there is none of the same run."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError) as error:
        logger.warning("%s: cannot be read (%s); training starts over", path, error)
        return None
    if metadata.get("fingerprint") != fingerprint:
        logger.warning("%s: is of another configuration or other data; training starts over", path)
        return None
    network.load_state_dict(_part(tensors, "network."))
    if average is not None:
        average.load_state_dict(_part(tensors, "average."))
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in _part(tensors, "optimizer.").items():
        index, moment = name.split(".", 1)
        moments.setdefault(int(index), {})[moment] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return LearningState(best=_part(tensors, "best."), **json.loads(metadata["history"]))


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
