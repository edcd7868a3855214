"""The output of every network."""

from __future__ import annotations

from typing import NamedTuple

import torch


class NetworkOutput(NamedTuple):
    """Both float32, on the grid of the input.

    Attributes:
        reconstruction: ``(batch, members, rows, cols)``, the normal image as each member of an ensemble reconstructs
            it, in normalised greys; any other network is one member.
        log_odds: the same shape, of a pixel to deviate from normal; ``None`` from a network that only reconstructs.
    """

    reconstruction: torch.Tensor
    log_odds: torch.Tensor | None = None
