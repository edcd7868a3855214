"""The calcification branch's network: from greys at about 0.14 mm per pixel to log odds of a cluster."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from mammolens.models.devices import in_float32

CELL: Final = 8  # rows and columns of the input for each of the output
_STEP = 4  # the surroundings are so smooth that a quarter of the pixels suffices
_NEAR, _AROUND = 3, 9  # of these: windows of the local mean (twice, 2 mm) and of the local deviation (twice, 5 mm)
_LARGEST_DEVIATION = 0.1  # of a grey, in which a bright clip counts: it is not to hide what is around
_SMALLEST_DEVIATION = 1 / 255  # of tissue as even as fat: no less than a step of an image of 8 bits
_TO_STD = 1.25  # a normal distribution's mean deviation
_WIDTHS = (16, 24, 32, 48, 48, 48, 48)
_STRIDES = (1, 2, 1, 2, 1, 1, 1)
_DILATIONS = (1, 1, 1, 1, 1, 2, 4)


class CalcificationNetwork(nn.Module):
    """Seven convolutions behind a pixel-unshuffle stem, on fine detail in multiples of the local deviation.

    Rows and columns of the input are multiples of 8, at least 64.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        for (given, made), stride, dilation in zip(pairwise((4, *_WIDTHS)), _STRIDES, _DILATIONS, strict=True):
            layers += [
                nn.Conv2d(given, made, 3, stride, dilation, dilation, bias=False),
                nn.BatchNorm2d(made),
                nn.ReLU(inplace=True),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(_WIDTHS[-1], 1, 1))

    def forward(self, greys: torch.Tensor) -> torch.Tensor:
        """Log odds that a cluster lies there, ``(batch, 1, rows / 8, cols / 8)``, of greys in [0, 1]."""
        with in_float32(greys):
            detail = (greys - local_mean(greys)) / local_deviation(greys)
            detail = detail.sign() * detail.abs().log1p()
        log_odds: torch.Tensor = self.layers(detail)
        return log_odds


def local_mean(greys: torch.Tensor) -> torch.Tensor:
    """Mean within about 2 mm, ``(batch, 1, rows, cols)`` as the greys."""
    return _enlarged(_blurred(functional.avg_pool2d(greys, _STEP), _NEAR), greys)


def local_deviation(greys: torch.Tensor) -> torch.Tensor:
    """Deviation of the greys from their :func:`local_mean` within about 5 mm, as a standard deviation."""
    deviations = (greys - local_mean(greys)).abs().clamp_max(_LARGEST_DEVIATION)
    around = _blurred(functional.avg_pool2d(deviations, _STEP), _AROUND)
    return _enlarged(_TO_STD * around, greys).clamp_min(_SMALLEST_DEVIATION)


def _blurred(values: torch.Tensor, window: int) -> torch.Tensor:
    """Mean over a window of an odd number of pixels, twice."""
    reach = window // 2
    for _ in range(2):
        padded = functional.pad(values, (reach,) * 4, mode="reflect")
        values = functional.avg_pool2d(functional.avg_pool2d(padded, (window, 1), 1), (1, window), 1)
    return values


def _enlarged(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(values, size=like.shape[-2:], mode="bilinear", align_corners=False)
