"""What the U-Nets here share: a convolution, and the way back up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn
from torch.nn import functional


def convolution_block(inputs: int, outputs: int) -> nn.Sequential:
    """3 x 3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def decode(levels: Sequence[torch.Tensor], up: Iterable[nn.Module]) -> torch.Tensor:
    """From the coarsest features to the finest, each level joined on the way.

    Args:
        levels: ``(batch, channels, rows, cols)``, finest first, each twice as fine as the next.
        up: a block for each level but the coarsest, finest first.
    """
    values = levels[-1]
    for level, convolve in reversed(list(zip(levels[:-1], up, strict=True))):
        values = convolve(torch.cat([functional.interpolate(values, scale_factor=2.0), level], dim=1))
    return values
