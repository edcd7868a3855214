"""Learn from known cancers, too: they are to score higher than normal images of the same machine and view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mammolens.calibration.standardisation import Source
from mammolens.errors import ConfigError, DatasetError
from mammolens.inference.scorer import without_border
from mammolens.models.tiles import MARGIN, whole_tiles
from mammolens.training.normal import Normal
from mammolens.training.preparation import Gathered
from mammolens.training.restoration import RestorationTask
from mammolens.training.task import Task

_PAIRS = 4  # a cancer and a normal image each, in every step
_PEAK_MM2 = 45.0  # of the highest log odds, whose mean speaks for an image: about 7 mm across
_NEVER = -20.0  # log odds outside the breast


class ExposureTask(Task):
    """Restoration, and a ranking loss over pairs of a known cancer and a normal image.

    Outlier exposure (Hendrycks, Mazeika and Dietterich, ICLR 2019) with image-level labels: the peak
    of the log odds stands for the image, as in multiple-instance learning. Both images of a pair
    come from the same machine and view, so that telling those apart wins nothing. The validation
    error is the restoration's.

    Args:
        restoration: the task on normal images.
        learners: its training images, with their sources.
        exposure: known abnormal images.
        pixel_size_mm: of the working grid.
        erosion: pixels at the breast's border that do not count.

    Raises:
        DatasetError: no known abnormal image has a normal one of the same machine and view.
    """

    def __init__(
        self,
        restoration: RestorationTask,
        learners: Gathered,
        exposure: Gathered,
        *,
        pixel_size_mm: float,
        erosion: int,
    ) -> None:
        super().__init__(restoration.images, restoration.validation, restoration.config)
        self._restoration, self._exposure, self._erosion = restoration, exposure, erosion
        self._peak = max(1, round(_PEAK_MM2 / pixel_size_mm**2))
        self._normals: dict[Source, list[Normal]] = defaultdict(list)
        for image, source in zip(learners.images, learners.sources, strict=True):
            self._normals[source].append(image)
        # Images of unknown machines are not of the same one.
        known = {source for source in self._normals if source.acquisition_group is not None}
        self._places = [place for place, source in enumerate(exposure.sources) if source in known]
        if not self._places:
            reason = "no known cancer is of a known machine and view that normal images are of, too"
            remedy = "add normal images of the same machines, or set training.exposure_weight to 0"
            raise DatasetError("exposure", reason, remedy)

    def loss(self, network: nn.Module, epoch: int, step: int, places: list[int]) -> torch.Tensor:
        """The restoration's, plus the weighted ranking loss of some pairs drawn from the same seed."""
        rng = self.random(epoch, step, 1)
        drawn = [int(place) for place in rng.choice(self._places, _PAIRS)]
        cancers = [self._exposure.images[place] for place in drawn]
        normals = [self._partner(self._exposure.sources[place], rng) for place in drawn]
        peaks = self._peaks(network, [_varied(image, rng) for image in (*cancers, *normals)])
        ranking = functional.softplus(peaks[_PAIRS:] - peaks[:_PAIRS]).mean()
        restoration = self._restoration.loss(network, epoch, step, places)
        return restoration + self.config.exposure_weight * ranking

    def validation_error(self, network: nn.Module) -> float:
        """The restoration's."""
        return self._restoration.validation_error(network)

    def _partner(self, source: Source, rng: np.random.Generator) -> Normal:
        same = self._normals[source]
        return same[rng.integers(len(same))]

    def _peaks(self, network: nn.Module, images: Sequence[Normal]) -> torch.Tensor:
        """``(len(images),)``: mean of the highest log odds of each image."""
        rows, columns = (whole_tiles(max(image.breast.shape[a] for image in images) + 2 * MARGIN) for a in (0, 1))
        windows = [image.window(-MARGIN, -MARGIN, (rows, columns)) for image in images]
        greys = torch.from_numpy(np.stack([window.image for window in windows]))[:, None]
        breast = torch.from_numpy(np.stack([window.breast for window in windows]).astype(np.float32))[:, None]
        log_odds = network(greys, breast).log_odds
        if log_odds is None:
            reason = "tells no log odds, and known cancers are ranked by them"
            raise ConfigError(
                "network.name", reason, "use the network 'restorer', or set training.exposure_weight to 0"
            )
        inner = torch.from_numpy(np.stack([without_border(window.breast, self._erosion) for window in windows]))
        counted = torch.where(inner[:, None], log_odds, _NEVER).flatten(1)
        return counted.topk(self._peak, dim=1).values.mean(dim=1)


def _varied(image: Normal, rng: np.random.Generator) -> Normal:
    """Upside down in half of all cases, with a random gamma."""
    return image.mirrored(rows=bool(rng.random() < 0.5), columns=False).with_random_gamma(rng)
