"""Out-of-distribution detection: the distance of an image to the normal images of the calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammolens.calibration.normals import NormalImage
from mammolens.inference.image_statistics import ImageStatistic

_NEIGHBOURS = 5
_RAREST = 0.02  # share of normal images at least as far from their own neighbours
_SMALLEST_SCALE = 0.01  # of a grey, an area, or a logarithm
_OF_SCALE = frozenset((ImageStatistic.NOISE, ImageStatistic.SHARPNESS))  # whose ratios matter, not differences


@dataclass(frozen=True, slots=True, eq=False)
class OutOfDistributionDetector:
    """Detects images that differ from the normal images of the calibration.

    Calibration images come from several machines, each a cluster of its own, so a new image is measured by the
    Euclidean distance to its fifth nearest normal image, in robust standard deviations of each statistic (of the
    logarithm of noise and sharpness). It is out of distribution if at most two percent of the normal images lie as far
    from the images of *other* patients, so that about two percent of normal images are flagged.

    Attributes:
        scaled: ``(n, statistics)`` float64.
        centre: ``(statistics,)`` medians before scaling.
        scale: ``(statistics,)`` 1.4826 times their median absolute deviation.
        distances: ``(n,)`` of each normal image to the fifth nearest one of other patients, rising.
    """

    scaled: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    distances: NDArray[np.float64]

    @classmethod
    def of(cls, images: Sequence[NormalImage]) -> OutOfDistributionDetector | None:
        """Fit to the images that have statistics; ``None`` if they are too few."""
        known = [image for image in images if set(image.statistics) >= set(ImageStatistic)]
        if len(known) < round(1 / _RAREST):
            return None
        values = np.array([_row(image.statistics) for image in known])
        centre = np.median(values, axis=0)
        scale = np.maximum(1.4826 * np.median(np.abs(values - centre), axis=0), _SMALLEST_SCALE)
        scaled = (values - centre) / scale
        patients = np.array([image.patient for image in known])
        distances = [_distance(one, scaled[patients != patient]) for one, patient in zip(scaled, patients, strict=True)]
        return cls(scaled, centre, scale, np.sort(distances))

    def outlying_statistic(self, statistics: Mapping[str, float]) -> str | None:
        """The statistic that deviates most, in words, if the image is out of distribution; else ``None``."""
        scaled = (np.array(_row(statistics)) - self.centre) / self.scale
        distance = _distance(scaled, self.scaled)
        as_far = len(self.distances) - int(np.searchsorted(self.distances, distance, side="left"))
        if (1 + as_far) / (len(self.distances) + 1) > _RAREST:
            return None
        nearest = np.argsort(np.linalg.norm(self.scaled - scaled, axis=1))[:_NEIGHBOURS]
        differences = scaled - self.scaled[nearest].mean(axis=0)
        worst = int(np.argmax(np.abs(differences)))
        way = "higher" if differences[worst] > 0 else "lower"
        return f"{list(ImageStatistic)[worst].value} {way} than in the most similar normal images"


def _row(statistics: Mapping[str, float]) -> list[float]:
    return [
        math.log(statistics[statistic]) if statistic in _OF_SCALE else statistics[statistic]
        for statistic in ImageStatistic
    ]


def _distance(one: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """To the fifth nearest of ``others``; infinite if there are fewer."""
    if len(others) < _NEIGHBOURS:
        return float("inf")
    return float(np.partition(np.linalg.norm(others - one, axis=1), _NEIGHBOURS - 1)[_NEIGHBOURS - 1])
