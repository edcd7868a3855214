"""Learn to find clusters of calcifications: drawn ones in patches of normal tissue, at full resolution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.config import CalcificationsConfig, TrainingConfig
from mammolens.models.calcification_network import CELL, local_deviation
from mammolens.training.lesions.fine_calcifications import draw_benign, draw_fine_cluster
from mammolens.training.sample import Sample
from mammolens.training.task import Batch, Task
from mammolens.types import FloatImage

PATCH = 96  # rows and columns of what the network learns from: 13 mm
_CONTRAST = (5.0, 0.5, 1.8, 18.0)  # of a cluster in local deviations: median, spread of the logarithm, limits
_BENIGN_SPREAD = 0.3  # of the logarithm
_NOISY, _MOST_NOISE = 0.4, 0.8  # share of the patches with more noise, and the most of it, in local deviations


class ClusterTask(Task):
    """Log odds of a cluster in each cell of 8 x 8 pixels, by binary cross-entropy.

    Every patch is normal tissue, which may hold benign calcifications of its own; a share of the patches get drawn
    benign ones, a share a drawn cluster.

    Args:
        images: tiles of normal tissue at ``settings.pixel_size_mm``.
        validation: tiles of other patients.
        config: batch size and seed.
        settings: shares and pixel size.
    """

    def __init__(
        self,
        images: Sequence[Sample],
        validation: Sequence[Sample],
        config: TrainingConfig,
        settings: CalcificationsConfig,
    ) -> None:
        super().__init__(images, validation, config)
        self._settings = settings
        rng = np.random.default_rng((config.seed, 0, 0))
        self._validation = _stacked([self._example(tile, rng) for tile in validation])  # the same patches each time

    def batch(self, epoch: int, step: int, places: list[int]) -> Batch:
        """Patches and the labels of their cells, drawn from the seed, the epoch and the step."""
        rng = self.random(epoch, step)
        return _stacked([self._example(self.images[place], rng) for place in places])

    def validation_batches(self) -> Iterator[Batch]:
        """One patch of each validation tile, all in one batch."""
        yield self._validation

    def loss(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Binary cross-entropy of the cells."""
        patches, labels = batch
        return functional.binary_cross_entropy_with_logits(network(patches), labels)

    def _example(self, tile: Sample, rng: np.random.Generator) -> tuple[FloatImage, FloatImage]:
        """A patch ``(96, 96)``, and 1 in those of its cells that a cluster lies in, else 0."""
        patch = _patch_of(tile.image, rng)
        deviation = float(local_deviation(torch.from_numpy(patch)[None, None]).mean())
        labels = np.zeros((PATCH // CELL, PATCH // CELL), np.float32)
        if rng.random() < _NOISY:
            strength = deviation * rng.uniform(0, _MOST_NOISE)
            patch += (strength * rng.standard_normal(patch.shape, dtype=np.float32)).astype(np.float32)
        if rng.random() < self._settings.benign:
            contrast = deviation * np.exp(_BENIGN_SPREAD * rng.normal())
            patch += np.float32(contrast) * draw_benign(rng, PATCH, self._settings.pixel_size_mm)
        if rng.random() < self._settings.share:
            cluster = draw_fine_cluster(rng, PATCH, self._settings.pixel_size_mm)
            median, spread, lowest, highest = _CONTRAST
            contrast = deviation * float(np.clip(median * np.exp(spread * rng.normal()), lowest, highest))
            patch += np.float32(contrast) * cluster.added
            labels = cluster.outline.reshape(PATCH // CELL, CELL, PATCH // CELL, CELL).any(axis=(1, 3))
        return patch.clip(0, 1), labels.astype(np.float32)


def _patch_of(tile: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Some part of a tile, mirrored in half of all cases each way; what is missing is mirrored at the tile's edges."""
    beyond = [(0, max(0, PATCH - length)) for length in tile.shape]
    whole = np.pad(tile, beyond, mode="reflect")
    top, left = (int(rng.integers(0, length - PATCH + 1)) for length in whole.shape)
    patch = whole[top : top + PATCH, left : left + PATCH]
    flips = tuple(slice(None, None, -1 if flipped else 1) for flipped in rng.random(2) < 0.5)
    return patch[flips].copy()


def _stacked(examples: Sequence[tuple[FloatImage, FloatImage]]) -> Batch:
    patches, labels = (torch.from_numpy(np.stack(part))[:, None] for part in zip(*examples, strict=True))
    return patches, labels
