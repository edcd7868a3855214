"""Reconstruct normal images as they are: the original task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.config import TrainingConfig
from mammolens.training.sample import Sample
from mammolens.training.task import Task


class ReconstructionTask(Task):
    """Mean squared error; all images have one size."""

    def __init__(self, images: Sequence[Sample], validation: Sequence[Sample], config: TrainingConfig) -> None:
        super().__init__(images, validation, config)
        self._images, self._validation = _stacked(images), _stacked(validation)

    def loss(self, network: nn.Module, epoch: int, step: int, places: list[int]) -> torch.Tensor:
        """Mean squared error of the batch."""
        images, masks = (tensor[places] for tensor in self._images)
        return functional.mse_loss(network(images, masks).reconstruction, images)

    def validation_error(self, network: nn.Module) -> float:
        """Mean squared error over all validation images."""
        total, size = 0.0, self.config.batch_size
        for images, masks in zip(*(tensor.split(size) for tensor in self._validation), strict=True):
            total += float(functional.mse_loss(network(images, masks).reconstruction, images)) * len(images)
        return total / len(self.validation)


def _stacked(normals: Sequence[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and breasts, each ``(n, 1, size, size)`` float32."""
    images = np.stack([normal.image for normal in normals])[:, None]
    masks = np.stack([normal.breast for normal in normals])[:, None]
    return torch.from_numpy(images), torch.from_numpy(masks.astype(np.float32))
