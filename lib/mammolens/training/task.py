"""What a network learns to do: its batches, their loss, and the error that decides when to stop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.training.sample import Sample

Batch = tuple[torch.Tensor, ...]  # as many examples in each tensor


class Task(ABC):
    """Images of normal patients to learn from, and others to validate on.

    Args:
        images: of the training patients.
        validation: of other normal patients.
        config: batch size and seed.
    """

    def __init__(self, images: Sequence[Sample], validation: Sequence[Sample], config: TrainingConfig) -> None:
        self.images, self.validation, self.config = images, validation, config

    @property
    def images_per_batch(self) -> int:
        """Normal images in each batch."""
        return self.config.batch_size

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.images) // self.images_per_batch)

    def batches(self, epoch: int) -> Iterator[list[int]]:
        """Indices into ``images``, each once, in an order drawn by the seed and the epoch's number."""
        generator = torch.Generator().manual_seed(self.config.seed * 100_003 + epoch)
        for batch in torch.randperm(len(self.images), generator=generator).split(self.images_per_batch):
            yield batch.tolist()

    def random(self, *key: int) -> np.random.Generator:
        """Random numbers of their own for every key, the same in every run with this seed."""
        return np.random.default_rng((self.config.seed, *key))

    @abstractmethod
    def batch(self, epoch: int, step: int, places: list[int]) -> Batch:
        """What the network is trained on at a step, by the images of these indices; the same in every process."""

    @abstractmethod
    def validation_batches(self) -> Iterator[Batch]:
        """The validation images, the same batches each time."""

    @abstractmethod
    def loss(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """The loss of one batch, on the network's device and ready for ``backward()``."""

    def validation_error(self, network: nn.Module) -> float:
        """The mean loss of the validation images; the network is in evaluation mode."""
        total, device = 0.0, device_of(network)
        for batch in self.validation_batches():
            total += float(self.loss(network, on_device(batch, device))) * len(batch[0])
        return total / len(self.validation)


def device_of(network: nn.Module) -> torch.device:
    """Where its parameters are."""
    return next(network.parameters(), torch.empty(0)).device


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on another device; itself where it is there already."""
    return tuple(tensor.to(device, non_blocking=True) for tensor in batch)
