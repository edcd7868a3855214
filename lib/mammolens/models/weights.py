"""A network's weights in a file: safetensors, floating-point numbers in half precision."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from mammolens.errors import ConfigError
from mammolens.files import atomic_file


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the weights, whole or not at all; those that float16 does not hold are rounded in the file."""
    state = {name: _kept(tensor).contiguous() for name, tensor in network.state_dict().items()}
    with atomic_file(path) as temporary:
        save_file(state, temporary)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load what :func:`save_weights` wrote.

    Raises:
        OSError, SafetensorError: the file is missing or damaged.
        RuntimeError: the weights are of another network.
        ValueError: they contain values that are not numbers.
    """
    weights = load_file(path)
    network.load_state_dict(weights)
    broken = next((name for name, tensor in weights.items() if not tensor.isfinite().all()), None)
    if broken:
        raise ValueError(f"{path.name}: {broken} contains values that are not numbers")


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round the weights in place to those that :func:`save_weights` keeps, so that what is measured is what is saved.

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
