"""Reconstruct normal images as they are: the original task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.training.sample import Sample
from mammolens.training.task import Task


class ReconstructionTask(Task):
    """Mean squared error; all images have one size."""

    def loss(self, network: nn.Module, epoch: int, step: int, places: list[int]) -> torch.Tensor:
        """Mean squared error of the batch."""
        images, masks = _stacked([self.images[place] for place in places])
        return functional.mse_loss(network(images, masks).reconstruction, images)

    def validation_error(self, network: nn.Module) -> float:
        """Mean squared error over all validation images."""
        total, size = 0.0, self.config.batch_size
        for first in range(0, len(self.validation), size):
            images, masks = _stacked(self.validation[first : first + size])
            total += float(functional.mse_loss(network(images, masks).reconstruction, images)) * len(images)
        return total / len(self.validation)


def _stacked(normals: Sequence[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and breasts, each ``(n, 1, size, size)`` float32."""
    images = np.stack([normal.image for normal in normals])[:, None]
    masks = np.stack([normal.breast for normal in normals])[:, None]
    return torch.from_numpy(images), torch.from_numpy(masks.astype(np.float32))
