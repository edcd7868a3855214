"""A network whose output is one tensor, as MONAI's engines expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from mammolens.config import NetworkConfig
from mammolens.models.networks import build_network
from mammolens.models.output import NetworkOutput


class StackedNetwork(nn.Module):
    """A network of MammoLens with its outputs as channels of one tensor: log odds of all members, then reconstructions.

    Args:
        name: of the network, see :data:`mammolens.models.networks.NETWORKS`.
        options: of the network.
        members: of the ensemble.

    Raises:
        ConfigError: unknown name or option.

    Example:
        >>> image = torch.rand(1, 1, 64, 32)
        >>> StackedNetwork("small_unet", {"width": 2}, members=2).eval()(image, torch.ones_like(image)).shape
        torch.Size([1, 4, 64, 32])
    """

    def __init__(self, name: str, options: Mapping[str, Any], members: int = 1) -> None:
        super().__init__()
        self.network = build_network(NetworkConfig(name=name, options=dict(options), members=members))

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Of ``(batch, 1, rows, cols)`` float32 in [0, 1] and the breast mask of the same shape."""
        output = self.network(image, mask)
        return torch.cat([values for values in (output.log_odds, output.reconstruction) if values is not None], dim=1)


def unstacked(values: torch.Tensor, members: int) -> NetworkOutput:
    """The outputs of a :class:`StackedNetwork`, ``(batch, channels, rows, cols)``, each by itself."""
    if values.shape[1] == members:
        return NetworkOutput(values)
    return NetworkOutput(values[:, members:], values[:, :members])
