"""What runs a network in inference; torch is the reference."""

from __future__ import annotations

from typing import Final, Protocol

import torch
from torch import nn

from mammolens.enums import RuntimeName
from mammolens.models.folding import folded
from mammolens.models.output import NetworkOutput


class Runtime(Protocol):
    """Runs one network; safe to share between threads."""

    @property
    def name(self) -> RuntimeName:
        """Of the runtime."""
        ...

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Run the network without gradients.

        Args:
            image: ``(batch, 1, rows, cols)`` float32 in [0, 1].
            mask: the same shape, the share of each pixel inside the breast.
        """
        ...


class TorchRuntime:
    """Runs a network by torch, with its batch normalisations folded.

    Args:
        network: maps image and mask to a :class:`NetworkOutput`.
    """

    name: Final = RuntimeName.TORCH

    def __init__(self, network: nn.Module) -> None:
        self.network = folded(network)

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Run the network without gradients."""
        with torch.inference_mode():
            output: NetworkOutput = self.network(image, mask)
        return output
