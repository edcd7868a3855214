"""Take synthetic lesions away again, and say where they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.config import LesionConfig, TrainingConfig
from mammolens.models.output import NetworkOutput
from mammolens.models.tiles import whole_tiles
from mammolens.training.lesions.insertion import LesionInserter
from mammolens.training.sample import Sample
from mammolens.training.task import Batch, Task
from mammolens.types import BoolImage, FloatImage

_WINDOW_MM = (168.0, 120.0)  # high and wide, learned from at a time: most of a breast, and any part of it
_AROUND_MM = 12.0  # that a window may reach beyond the breast
_OVERLAP_WEIGHT = 0.3
_RESIDUAL_WEIGHT = 2.5  # its unit is a normalised grey, of which a lesion has a few tenths
_LESIONS_SHARE = 0.4  # of that weight, however few pixels they have
_LOOKS = 4  # for a window with a lesion; some exposure images have theirs at the very edge of the breast


class _Batch(NamedTuple):
    """``(batch, 1, rows, cols)`` float32 each: with lesions, without, the breast, where the lesions are.

    ``restorable`` is 1 where ``normal`` is known: beneath a real lesion it is not.
    """

    corrupted: torch.Tensor
    normal: torch.Tensor
    breast: torch.Tensor
    lesions: torch.Tensor
    restorable: torch.Tensor


class RestorationTask(Task):
    """Windows of normal breasts, most of them with synthetic lesions, and of known abnormal ones, as they are.

    The loss over the breast's pixels is the cross entropy of the log odds and their soft Dice overlap with the
    lesions (if the network gives log odds), and the absolute error of the restored image, except beneath real
    lesions, averaged over drawn lesions and over the rest separately: averaged over all pixels, of which lesions are a
    few hundredths, the cheapest restoration is none. Real lesions in their own surroundings teach what drawn ones
    cannot (outlier exposure with outlines; Baugh et al., MICCAI 2023, on how far synthetic anomalies go). If the two
    kinds of image come from different scanners, some exchange their grey levels, so that a scanner's grey levels do
    not become the sign of a lesion.

    Args:
        images: trimmed to the breast.
        validation: the same, of other patients; its lesions are drawn once and for all.
        config: with ``lesions``.
        pixel_size_mm: of the working grid.
        exposure: known abnormal images with their lesions, trimmed; a share ``config.exposure_share`` of each batch
            is drawn from them, and a share ``config.exposure_grey_exchange`` of all images takes the grey levels of an
            image of the other kind.
    """

    def __init__(
        self,
        images: Sequence[Sample],
        validation: Sequence[Sample],
        config: TrainingConfig,
        pixel_size_mm: float,
        exposure: Sequence[Sample] = (),
    ) -> None:
        super().__init__(images, validation, config)
        self._exposure = exposure
        self._lesions = config.lesions or LesionConfig()
        self._insert = LesionInserter(self._lesions, pixel_size_mm)
        self._pixel_size_mm = pixel_size_mm

    @property
    def images_per_batch(self) -> int:
        """Normal images in each batch, at least one."""
        return self.config.batch_size - self._exposure_per_batch

    @property
    def _exposure_per_batch(self) -> int:
        if not self._exposure:
            return 0
        return min(round(self.config.batch_size * self.config.exposure_share), self.config.batch_size - 1)

    def batch(self, epoch: int, step: int, places: list[int]) -> _Batch:
        """Windows drawn from the seed, the epoch and the step."""
        rng = self.random(epoch, step)
        known = [_any_of(self._exposure, rng) for _ in range(self._exposure_per_batch)]
        known = [self._with_greys_of(self.images, image, rng) for image in known]
        images = [self._with_greys_of(self._exposure, self.images[place], rng) for place in places]
        return self._batch(images, self.images, rng, known)

    def validation_batches(self) -> Iterator[_Batch]:
        """Windows of the validation images, all of them normal."""
        size = self.config.batch_size
        for first in range(0, len(self.validation), size):
            rng = np.random.default_rng((self.config.seed, first))
            yield self._batch(self.validation[first : first + size], self.validation, rng)

    def loss(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        """Of one batch; see the class."""
        given = _Batch(*batch)
        return restoration_loss(network(given.corrupted, given.breast), given)

    def _batch(
        self,
        images: Sequence[Sample],
        donors: Sequence[Sample],
        rng: np.random.Generator,
        known: Sequence[Sample] = (),
    ) -> _Batch:
        pairs = [self._pair(image, _any_of(donors, rng), rng) for image in images]
        pairs += [(window, window) for window in (self._with_lesion(image, rng) for image in known)]
        return _Batch(
            corrupted=_stacked([corrupted.image for _, corrupted in pairs]),
            normal=_stacked([normal.image for normal, _ in pairs]),
            breast=_stacked([normal.breast for normal, _ in pairs]),
            lesions=_stacked([corrupted.lesions for _, corrupted in pairs]),
            restorable=_stacked([normal.breast & ~normal.lesions for normal, _ in pairs]),
        )

    def _with_greys_of(self, others: Sequence[Sample], image: Sample, rng: np.random.Generator) -> Sample:
        """The image, in some cases with the grey levels of one of the others, if there are any."""
        if others and rng.random() < self.config.exposure_grey_exchange:
            return image.with_greys_of(_any_of(others, rng))
        return image

    def _pair(self, image: Sample, donor: Sample, rng: np.random.Generator) -> tuple[Sample, Sample]:
        """A window of a normal image, and the same with lesions, if any."""
        normal = draw_window(image, self._pixel_size_mm, rng)
        if rng.random() < self._lesions.share:
            return normal, self._insert(normal, draw_window(donor, self._pixel_size_mm, rng), rng)
        return normal, normal

    def _with_lesion(self, image: Sample, rng: np.random.Generator) -> Sample:
        """A window of a known abnormal image with a lesion in it, if one is found."""
        for _ in range(_LOOKS):
            window = draw_window(image, self._pixel_size_mm, rng)
            if window.lesions.any():
                break
        return window


def _any_of(images: Sequence[Sample], rng: np.random.Generator) -> Sample:
    return images[int(rng.integers(len(images)))]


def _stacked(images: Sequence[FloatImage] | Sequence[BoolImage]) -> torch.Tensor:
    return torch.from_numpy(np.stack(images).astype(np.float32))[:, None]


def draw_window(image: Sample, pixel_size_mm: float, rng: np.random.Generator) -> Sample:
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
    residual = (output.reconstruction - batch.normal).abs()
    within = _mean(residual, batch.restorable * batch.lesions)
    beside = _mean(residual, batch.restorable * (1 - batch.lesions))
    loss = _RESIDUAL_WEIGHT * (_LESIONS_SHARE * within + (1 - _LESIONS_SHARE) * beside)
    if output.log_odds is None:
        return loss
    entropy = functional.binary_cross_entropy_with_logits(output.log_odds, batch.lesions, reduction="none")
    probability = torch.sigmoid(output.log_odds) * breast
    overlap = (2 * (probability * batch.lesions).sum() + 1) / (probability.sum() + batch.lesions.sum() + 1)
    return loss + (entropy * breast).sum() / pixels + _OVERLAP_WEIGHT * (1 - overlap)


def _mean(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (values * weights).sum() / weights.sum().clamp_min(1)
