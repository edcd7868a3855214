"""What every network gives back."""

from __future__ import annotations

from typing import NamedTuple

import torch


class NetworkOutput(NamedTuple):
    """Both float32, on the grid of the input.

    Attributes:
        reconstruction: ``(batch, 1, rows, cols)``, the image that the network thinks normal, in normalised greys.
        log_odds: ``(batch, members, rows, cols)``, of a pixel to deviate from normal, by each member of an ensemble;
            one of any other network, ``None`` from a network that only reconstructs.
    """

    reconstruction: torch.Tensor
    log_odds: torch.Tensor | None
