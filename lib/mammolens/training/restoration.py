"""Take synthetic lesions away again, and say where they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.config import LesionConfig, TrainingConfig
from mammolens.models.output import NetworkOutput
from mammolens.models.tiles import whole_tiles
from mammolens.training.lesions.insertion import Corrupted, LesionInserter
from mammolens.training.normal import Normal
from mammolens.training.task import Task

_WINDOW_MM = (168.0, 120.0)  # high and wide, learned from at a time: most of a breast, and any part of it
_AROUND_MM = 12.0  # that a window may reach beyond the breast
_OVERLAP_WEIGHT = 0.3
_RESIDUAL_WEIGHT = 2.5  # its unit is a normalised grey, of which a lesion has a few tenths


class _Batch(NamedTuple):
    """``(batch, 1, rows, cols)`` float32 each: with lesions, without, the breast, where the lesions are."""

    corrupted: torch.Tensor
    normal: torch.Tensor
    breast: torch.Tensor
    lesions: torch.Tensor


class RestorationTask(Task):
    """Windows of normal breasts, most of them with synthetic lesions.

    The loss is, over the breast's pixels: cross entropy of the log odds and their soft Dice overlap with the
    lesions (where the network tells log odds), and the absolute error of the restored image.

    Args:
        images: trimmed to the breast.
        validation: the same, of other patients; its lesions are drawn once and for all.
        config: with ``lesions``.
        pixel_size_mm: of the working grid.
    """

    def __init__(
        self, images: Sequence[Normal], validation: Sequence[Normal], config: TrainingConfig, pixel_size_mm: float
    ) -> None:
        super().__init__(images, validation, config)
        self._lesions = config.lesions or LesionConfig()
        self._insert = LesionInserter(self._lesions, pixel_size_mm)
        self._pixel_size_mm = pixel_size_mm

    def loss(self, network: nn.Module, epoch: int, step: int, places: list[int]) -> torch.Tensor:
        """Of one batch of windows, drawn from the seed, the epoch and the step."""
        batch = self._batch([self.images[place] for place in places], self.images, self.random(epoch, step))
        return restoration_loss(network(batch.corrupted, batch.breast), batch)

    def validation_error(self, network: nn.Module) -> float:
        """The same loss over the validation images."""
        total, size = 0.0, self.config.batch_size
        for first in range(0, len(self.validation), size):
            images = self.validation[first : first + size]
            rng = np.random.default_rng((self.config.seed, first))
            batch = self._batch(images, self.validation, rng)
            total += float(restoration_loss(network(batch.corrupted, batch.breast), batch)) * len(images)
        return total / len(self.validation)

    def _batch(self, images: Sequence[Normal], donors: Sequence[Normal], rng: np.random.Generator) -> _Batch:
        samples = [self._sample(image, donors[rng.integers(len(donors))], rng) for image in images]
        stacks = (
            [corrupted.image for _, corrupted in samples],
            [normal.image for normal, _ in samples],
            [normal.breast for normal, _ in samples],
            [corrupted.lesions for _, corrupted in samples],
        )
        return _Batch(*(torch.from_numpy(np.stack(stack).astype(np.float32))[:, None] for stack in stacks))

    def _sample(self, image: Normal, donor: Normal, rng: np.random.Generator) -> tuple[Normal, Corrupted]:
        normal = draw_window(image, self._pixel_size_mm, rng)
        if rng.random() < self._lesions.share:
            return normal, self._insert(normal, draw_window(donor, self._pixel_size_mm, rng), rng)
        return normal, Corrupted(normal.image, np.zeros_like(normal.breast))


def draw_window(image: Normal, pixel_size_mm: float, rng: np.random.Generator) -> Normal:
    """Some part of the breast, 168 mm x 120 mm, mirrored in half of all cases each way, with a random gamma."""
    (rows, columns), around = image.breast.shape, round(_AROUND_MM / pixel_size_mm)
    high, wide = (whole_tiles(round(length / pixel_size_mm)) for length in _WINDOW_MM)
    lowest, highest = sorted((-around, rows - high + around))
    top = int(rng.integers(lowest, highest + 1))
    left = int(rng.integers(0, max(columns - wide + around, 0) + 1))
    flips = rng.random(2) < 0.5
    window = image.window(top, left, (high, wide)).mirrored(rows=bool(flips[0]), columns=bool(flips[1]))
    return window.with_random_gamma(rng)


def restoration_loss(output: NetworkOutput, batch: _Batch) -> torch.Tensor:
    """See :class:`RestorationTask`."""
    breast = batch.breast
    pixels = breast.sum().clamp_min(1)
    loss = _RESIDUAL_WEIGHT * ((output.reconstruction - batch.normal).abs() * breast).sum() / pixels
    if output.log_odds is None:
        return loss
    entropy = functional.binary_cross_entropy_with_logits(output.log_odds, batch.lesions, reduction="none")
    probability = torch.sigmoid(output.log_odds) * breast
    overlap = (2 * (probability * batch.lesions).sum() + 1) / (probability.sum() + batch.lesions.sum() + 1)
    return loss + (entropy * breast).sum() / pixels + _OVERLAP_WEIGHT * (1 - overlap)
