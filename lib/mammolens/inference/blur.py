"""Motion blur: the finest detail of an image, compared with that of normal images of the same machine."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.calibration.normals import NormalImage
from mammolens.transforms.pipeline import Prepared
from mammolens.types import BoolImage, FloatImage

FINEST_DETAIL: Final = "finest detail"  # the statistic's name in a calibration
_FINE, _COARSE = 0.7, 1.0  # standard deviations of Gaussians, in pixels of the network's grid
_BORDER = 8  # pixels of the same: the skin line is sharper than tissue
_DIRECTIONS = np.arange(8) * np.pi / 8
_RAREST = 0.01  # share of normal images with as little detail
_GROUP_IMAGES = 20  # of a machine, for a median
_LEAST = 1e-6  # an even grey has no detail, and zero no logarithm


def finest_detail(prepared: Prepared) -> float:
    """How much finer detail adds, in the direction that has least of it.

    Mean square of the tissue's derivative at a fine scale over that at a coarser one, positive; the lowest of eight
    directions, since motion takes detail away along its own. Contrast affects both scales alike.
    """
    inside = prepared.mask.as_tensor()[0].numpy() > 0.5
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inside = inside[box]
    tissue = ndimage.binary_erosion(inside, iterations=_BORDER)
    if not tissue.any():
        tissue = inside
    greys = prepared.image.as_tensor()[0].numpy()[box]
    fine, coarse = (_energies(greys, tissue, scale) for scale in (_FINE, _COARSE))
    return max(_LEAST, round(float((fine / np.maximum(coarse, 1e-12)).min()), 6))


def _energies(greys: FloatImage, tissue: BoolImage, scale: float) -> NDArray[np.float64]:
    """Mean square of the derivative in each direction, from those down and across."""
    down, across = (ndimage.gaussian_filter(greys, scale, order=order)[tissue] for order in ((1, 0), (0, 1)))
    rows, both, columns = (float(np.mean(product)) for product in (down * down, down * across, across * across))
    cos, sin = np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)
    return np.asarray(columns * cos**2 + 2 * both * sin * cos + rows * sin**2, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class BlurDetector:
    """Tells images whose finest detail is weaker than in normal images of the same machine.

    Machines sharpen differently, so each is compared with its own median; how far normal images lie below theirs is
    taken from all machines together. About one percent of normal images are flagged.

    Attributes:
        medians: of the logarithm of the finest detail, by acquisition group.
        shortfalls: ``(n,)`` of normal images, logarithms below the median of their machine, rising.
    """

    medians: Mapping[str, float]
    shortfalls: NDArray[np.float64]

    @classmethod
    def of(cls, images: Sequence[NormalImage]) -> BlurDetector | None:
        """Fit to the images whose machine and finest detail are known; ``None`` if they are too few."""
        details: dict[str, list[float]] = defaultdict(list)
        for image in images:
            if image.acquisition_group is not None and FINEST_DETAIL in image.statistics:
                details[image.acquisition_group].append(math.log(image.statistics[FINEST_DETAIL]))
        large = {group: np.array(values) for group, values in details.items() if len(values) >= _GROUP_IMAGES}
        if sum(map(len, large.values())) < round(1 / _RAREST):
            return None
        medians = {group: float(np.median(values)) for group, values in large.items()}
        return cls(medians, np.sort(np.concatenate([medians[group] - values for group, values in large.items()])))

    def is_blurred(self, detail: float, acquisition_group: str | None) -> bool:
        """Whether at most one percent of normal images lack as much detail; false for a machine without a median."""
        median = self.medians.get(acquisition_group) if acquisition_group is not None else None
        if median is None:
            return False
        shortfall = median - math.log(detail)
        as_short = len(self.shortfalls) - int(np.searchsorted(self.shortfalls, shortfall, side="left"))
        return (1 + as_short) / (len(self.shortfalls) + 1) <= _RAREST
