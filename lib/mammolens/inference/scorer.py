"""The error of the reconstruction, on the network's grid: the heart that training and serving share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy import ndimage
from torch import nn

from mammolens.config import ScoringConfig
from mammolens.transforms.pipeline import Prepared

_SMALLEST_ERROR = 1e-8  # of a flawless reconstruction


@dataclass(frozen=True, slots=True, eq=False)
class ScoredGrid:
    """What the network makes of one prepared image; tensors are ``(1, size, size)`` float32.

    Attributes:
        pred_score: mean squared error over the breast's pixels.
        anomaly_map: squared error in multiples of the breast's mean, smoothed, inside the eroded
            breast; 0 elsewhere. Relative, so that a sharper or noisier machine is not all heat.
        reconstruction: the image that the network thinks normal, in normalised greys.
    """

    pred_score: float
    anomaly_map: torch.Tensor
    reconstruction: torch.Tensor

    @property
    def map_peak(self) -> float:
        """The highest value of the map."""
        return float(self.anomaly_map.max())


class Scorer:
    """Run a network over prepared images, one at a time, without gradients."""

    def __init__(self, network: nn.Module, config: ScoringConfig) -> None:
        self.network = network.eval()
        self.config = config

    def score(self, prepared: Prepared) -> ScoredGrid:
        """Reconstruct, compare, smooth and mask."""
        image = prepared.image.as_tensor()
        inside = prepared.mask.as_tensor() > 0.5
        with torch.inference_mode():
            reconstruction = self.network(image[None])[0].clone()
        error = (image - reconstruction).square() * inside
        pred_score = float(error.sum() / inside.sum().clamp(min=1))
        relative = error / max(pred_score, _SMALLEST_ERROR)
        return ScoredGrid(pred_score, self._smoothed(relative, inside), reconstruction)

    def _smoothed(self, error: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        breast = inside[0].numpy()
        if self.config.erosion:
            # From the image's edge too, where films have bright frames and detectors dead lines.
            breast = ndimage.binary_erosion(breast, iterations=self.config.erosion)
        smooth = ndimage.gaussian_filter(error[0].numpy(), self.config.smoothing)
        return torch.from_numpy(smooth * breast)[None]
