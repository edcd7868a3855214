"""The original autoencoder that every other detector has to beat."""

from __future__ import annotations

import torch
from torch import nn

from mammolens.models.output import NetworkOutput


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(outputs))


def _upsampling(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(outputs),
    )


class ConvolutionalAutoencoder(nn.Module):
    """Two poolings down, two transposed convolutions up: 112,449 parameters and statistics at width 32.

    The architecture of the project that MammoLens started from. Its bottleneck, a quarter of the
    side with ``2 * width`` channels, holds more values than the image: nothing forces it to forget
    a lesion. It is kept, unchanged, as the baseline.

    Args:
        width: channels of the first layer.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        if type(width) is not int or width < 1:
            raise ValueError(f"width must be a whole number from 1 on, not {width!r}")
        self.encoder = nn.Sequential(
            _convolution(1, width),
            nn.MaxPool2d(2),
            _convolution(width, 2 * width),
            nn.MaxPool2d(2),
            _convolution(2 * width, 2 * width),
        )
        self.decoder = nn.Sequential(
            _upsampling(2 * width, 2 * width),
            _upsampling(2 * width, width),
            nn.Conv2d(width, 1, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Reconstruct ``(batch, 1, rows, cols)`` float32 in [0, 1], multiples of 4; the mask is ignored."""
        return NetworkOutput(self.decoder(self.encoder(image)), None)
