"""The edge of the pectoral muscle in an oblique view, as a straight line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.types import BoolImage, FloatImage

_SMOOTHING = 2.0  # mm: texture of the muscle is finer, its edge is not
_SKIN = 6.0  # mm from the skin line that do not vote
_TOP = (10.0, 1.15, 0.85)  # where the line meets the top: from mm, to shares of the breast's width there and anywhere
_SHORTEST = 35.0  # mm, its lower end below the top
_TILT = (8.0, 58.0)  # degrees from the chest wall
_VISIBLE = 25.0  # mm of the line inside the breast, at least
_HALF_WEIGHT = 40.0  # mm: a line of this visible length counts half as much as an endless one with the same contrast
# Below this, lines on 101 MLO views of four data sets were right in about half; above it in nearly all.
_LOWEST_SCORE = 0.5
_COARSE, _FINE = 4.0, 1.0  # mm between the lines that are tried
_SAMPLES = 96


@dataclass(frozen=True, slots=True)
class PectoralEdge:
    """A straight line from the top of the breast to its chest wall, as ``(row, column)`` in pixels, and its score."""

    upper: tuple[float, float]
    lower: tuple[float, float]
    score: float


def find_pectoral_edge(greys: FloatImage, breast: BoolImage, pixel_size: tuple[float, float]) -> PectoralEdge | None:
    """Return the line along which the muscle in the upper chest-wall corner ends, or ``None`` if there is no clear one.

    As in the Hough transform of Karssemeijer (Phys Med Biol 43:365, 1998), every line across that corner collects the
    gradients that lead from the muscle into the breast. Here they are bounded one by one, so that a few bright
    structures cannot outvote a long faint edge, and the mean counts as far as the line is long.

    Args:
        greys: ``(rows, cols)`` float32 in [0, 1], chest wall on the left, axilla at the top.
        breast: ``(rows, cols)`` bool, inside the skin line, muscle included; not empty.
        pixel_size: mm between rows and between columns.
    """
    search = _Search.of(greys, breast, pixel_size)
    coarse = search.best(*search.range(_COARSE))
    if coarse is None:
        return None
    top, wall, _ = coarse
    near = np.arange(-_COARSE, _COARSE + _FINE / 2, _FINE)
    fine = search.best(top + near, wall + near)
    if fine is None or fine[2] < _LOWEST_SCORE:
        return None
    return search.edge(*fine)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """Lines between ``(0, top)`` and ``(wall, 0)``, in mm from the upper chest-wall corner of the breast's box."""

    corner: tuple[int, int]
    pixel_size: tuple[float, float]
    down: FloatImage
    across: FloatImage
    counts: BoolImage
    size: tuple[float, float]
    width_at_top: float

    @classmethod
    def of(cls, greys: FloatImage, breast: BoolImage, pixel_size: tuple[float, float]) -> _Search:
        rows, columns = np.flatnonzero(breast.any(axis=1)), np.flatnonzero(breast.any(axis=0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        inside, sigma = breast[box], [_SMOOTHING / pixel for pixel in pixel_size]
        weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma)
        smooth = ndimage.gaussian_filter(greys[box] * inside, sigma) / np.maximum(weight, 0.1)
        down, across = np.gradient(smooth, *pixel_size)
        # The image's edges are not skin.
        to_skin = ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"), sampling=pixel_size)[1:-1, 1:-1]
        counts = to_skin > _SKIN
        # What is a usual gradient is asked of the upper part, where the muscle is.
        upper = counts[: round(0.7 * len(counts))]
        steep = np.hypot(down, across)[: len(upper)][upper]
        usual = max(float(np.percentile(steep, 75)) if steep.size else 0.0, 1e-6)
        top = inside[: max(1, round(5.0 / pixel_size[0]))].sum(axis=1).max() * pixel_size[1]
        size = inside.shape[0] * pixel_size[0], inside.shape[1] * pixel_size[1]
        corner = int(rows[0]), int(columns[0])
        return cls(corner, pixel_size, down / usual, across / usual, counts, size, float(top))

    def range(self, step: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Upper ends and lower ends to try, in mm."""
        first, of_top, of_all = _TOP
        return (
            np.arange(first, min(of_top * self.width_at_top, of_all * self.size[1]), step),
            np.arange(_SHORTEST, self.size[0], step),
        )

    def best(self, tops: NDArray[np.float64], walls: NDArray[np.float64]) -> tuple[float, float, float] | None:
        """Upper end, lower end and score of the best line; ``None`` if none is possible."""
        if not (tops.size and walls.size):
            return None
        top, wall = (each.ravel() for each in np.meshgrid(tops, walls, indexing="ij"))
        tilt = np.degrees(np.arctan2(top, wall))
        possible = (top > 0) & (wall > 0) & (tilt >= _TILT[0]) & (tilt <= _TILT[1])
        top, wall = top[possible, None], wall[possible, None]
        if not top.size:
            return None
        length, along = np.hypot(top, wall), (np.arange(_SAMPLES) + 0.5) / _SAMPLES
        at = (
            np.clip((wall * along / self.pixel_size[0]).astype(int), 0, self.counts.shape[0] - 1),
            np.clip((top * (1 - along) / self.pixel_size[1]).astype(int), 0, self.counts.shape[1] - 1),
        )
        darker = -(self.across[at] * wall + self.down[at] * top) / length
        counts = self.counts[at]
        visible = counts.mean(axis=1) * length[:, 0]
        mean = (np.tanh(darker) * counts).sum(axis=1) / np.maximum(counts.sum(axis=1), 1)
        score = np.where(visible >= _VISIBLE, mean * visible / (visible + _HALF_WEIGHT), -1.0)
        highest = int(score.argmax())
        return float(top[highest, 0]), float(wall[highest, 0]), float(score[highest])

    def edge(self, top: float, wall: float, score: float) -> PectoralEdge:
        """The line in pixels of the image; what is 0 mm here is the outer edge of a pixel."""
        row, column = self.corner[0] - 0.5, self.corner[1] - 0.5
        return PectoralEdge((row, column + top / self.pixel_size[1]), (row + wall / self.pixel_size[0], column), score)
