"""Several networks of one kind that learned from different patients, as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn

from mammolens.models.output import NetworkOutput


class Ensemble(nn.Module):
    """Run all members on an image; the output has a channel for each.

    Deep ensembles: Lakshminarayanan, Pritzel and Blundell, NeurIPS 2017. Since every patient is unknown to one member,
    all can calibrate (:mod:`mammolens.training.partition`).

    Args:
        members: at least one, each taking image and mask ``(batch, 1, rows, cols)``.
    """

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Of ``(batch, 1, rows, cols)`` float32."""
        outputs = [member(image, mask) for member in self.members]
        reconstruction = torch.cat([output.reconstruction for output in outputs], dim=1)
        log_odds = [output.log_odds for output in outputs if output.log_odds is not None]
        return NetworkOutput(reconstruction, torch.cat(log_odds, dim=1) if log_odds else None)


def members_of(network: nn.Module) -> Sequence[nn.Module]:
    """The members of an ensemble; any other network is its own only member."""
    return list(network.members) if isinstance(network, Ensemble) else [network]
