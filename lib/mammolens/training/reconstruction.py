"""Reconstruct normal images as they are: the original task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.training.sample import Sample
from mammolens.training.task import Batch, Task


class ReconstructionTask(Task):
    """Mean squared error; all images have one size."""

    def batch(self, epoch: int, step: int, places: list[int]) -> Batch:
        """Images and breasts."""
        return _stacked([self.images[place] for place in places])

    def validation_batches(self) -> Iterator[Batch]:
        """All validation images in their order."""
        size = self.config.batch_size
        for first in range(0, len(self.validation), size):
            yield _stacked(self.validation[first : first + size])

    def loss(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Mean squared error of the batch."""
        images, masks = batch
        return functional.mse_loss(network(images, masks).reconstruction, images)


def _stacked(normals: Sequence[Sample]) -> Batch:
    """Images and breasts, each ``(n, 1, size, size)`` float32."""
    images = np.stack([normal.image for normal in normals])[:, None]
    masks = np.stack([normal.breast for normal in normals])[:, None]
    return torch.from_numpy(images), torch.from_numpy(masks.astype(np.float32))
