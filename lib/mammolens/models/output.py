"""What every network gives back."""

from __future__ import annotations

from typing import NamedTuple

import torch


class NetworkOutput(NamedTuple):
    """Both ``(batch, 1, rows, cols)`` float32, on the grid of the input.

    Attributes:
        reconstruction: the image that the network thinks normal, in normalised greys.
        log_odds: of a pixel to deviate from normal; ``None`` from a network that only reconstructs.
    """

    reconstruction: torch.Tensor
    log_odds: torch.Tensor | None
