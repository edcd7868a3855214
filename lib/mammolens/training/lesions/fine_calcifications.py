"""Calcifications at full resolution: clusters to be found, and what looks like them and is benign.

Shapes, sizes and distributions follow the morphology of BI-RADS (Sickles et al. 2013): clusters of fine, pleomorphic or
fine linear grains of 0.1 to 1 mm; calcified vessels, coarse, popcorn-like and rim calcifications, single and scattered
specks as benign. Scratches and fibres of the receptor are bright, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.training.lesions.patch import Profile
from mammolens.types import FloatImage

_FINER = 2  # pixels of the canvas along one of the patch
_SAMPLES = 3  # of a grain within a pixel of the canvas, along each axis
_TURN = 2 * np.pi
_FEWEST_GRAINS = 3  # on the patch, to be called a cluster
_Place = NDArray[np.float64]  # row and column in mm


class _Filling(Enum):
    SOLID = auto()  # thickest in the middle
    FLAT = auto()
    RIM = auto()


@dataclass(frozen=True, slots=True)
class _Grain:
    """An ellipse with an uneven border; lengths in mm, the angle from the columns."""

    row: float
    column: float
    along: float
    across: float
    angle: float
    height: float
    filling: _Filling = _Filling.SOLID


class _Canvas:
    """A square patch on which grains are drawn at twice its resolution; overlapping ones do not add up."""

    def __init__(self, side: int, pixel_size_mm: float) -> None:
        self.step = pixel_size_mm / _FINER
        self.side_mm = side * pixel_size_mm
        self.greys: FloatImage = np.zeros((side * _FINER, side * _FINER), np.float32)

    def draw(self, rng: np.random.Generator, grain: _Grain) -> None:
        """Draw what of a grain lies on the patch."""
        reach = 1.3 * max(grain.along, grain.across) + 2 * self.step
        (top, bottom), (left, right) = (
            (max(0, int((middle - reach) / self.step)), min(len(self.greys), int((middle + reach) / self.step) + 2))
            for middle in (grain.row, grain.column)
        )
        unevenness = rng.uniform(-0.25, 0.25, 3)
        if top >= bottom or left >= right:
            return
        within = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
        down = ((np.arange(top, bottom)[:, None] + within).ravel() * self.step - grain.row)[:, None]
        over = ((np.arange(left, right)[:, None] + within).ravel() * self.step - grain.column)[None, :]
        along = (over * np.cos(grain.angle) + down * np.sin(grain.angle)) / grain.along
        across = (down * np.cos(grain.angle) - over * np.sin(grain.angle)) / grain.across
        turn = np.arctan2(across, along)
        border = 1 + unevenness[0] * np.cos(2 * turn + 9 * unevenness[1]) + unevenness[2] * np.cos(3 * turn)
        distance = (along**2 + across**2) * border**2
        inside = distance < 1
        thickness = np.sqrt(np.clip(1 - distance, 0, None))
        if grain.filling is _Filling.FLAT:
            thickness = inside * (0.6 + 0.4 * thickness)
        elif grain.filling is _Filling.RIM:
            thickness = np.where(distance > 0.45, inside, 0.25)
        shape = (bottom - top, _SAMPLES, right - left, _SAMPLES)
        drawn = grain.height * thickness.reshape(shape).mean(axis=(1, 3))
        box = self.greys[top:bottom, left:right]
        np.maximum(box, drawn, out=box, casting="same_kind")

    def finished(self, blur_mm: float) -> FloatImage:
        """The patch, ``(side, side)`` float32, as a detector blurs it."""
        blurred = ndimage.gaussian_filter(self.greys, blur_mm / self.step)
        side = len(blurred) // _FINER
        return np.asarray(blurred.reshape(side, _FINER, side, _FINER).mean(axis=(1, 3)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of a cluster: median diameter in mm (lowest, highest), its spread, the cluster's length in mm and its aspect."""

    probability: float
    median_mm: tuple[float, float]
    spread: float
    length_mm: tuple[float, float]
    aspect: tuple[float, float]
    linear: bool = False


_KINDS = (
    _Kind(0.35, (0.16, 0.26), 0.2, (2.5, 10.0), (0.5, 1.0)),  # fine
    _Kind(0.40, (0.22, 0.42), 0.45, (2.5, 10.0), (0.5, 1.0)),  # pleomorphic
    _Kind(0.25, (0.16, 0.30), 0.35, (5.0, 12.0), (0.15, 0.4), linear=True),  # fine linear
)


def draw_fine_cluster(rng: np.random.Generator, side: int, pixel_size_mm: float) -> Profile:
    """Five to thirty grains that lie together, somewhere on a square patch.

    Args:
        rng: what is random.
        side: rows and columns of the patch.
        pixel_size_mm: of the patch, fine enough for grains of 0.1 mm to leave a trace.

    Returns:
        Brightness on the patch, 1 at the brighter grains; the outline is where they lie densely, empty where
        fewer than three of them are on the patch.
    """
    kind = _KINDS[rng.choice(len(_KINDS), p=[one.probability for one in _KINDS])]
    canvas = _Canvas(side, pixel_size_mm)
    number = int(np.exp(rng.uniform(np.log(5), np.log(31))))
    length, aspect, tilt = rng.uniform(*kind.length_mm), rng.uniform(*kind.aspect), rng.uniform(0, np.pi)
    centre = canvas.side_mm / 2 + rng.uniform(-5, 5, 2)
    median = rng.uniform(*kind.median_mm)
    where = np.zeros((side, side), np.float32)
    for _ in range(number):
        along, across = _within(rng) * (length, length * aspect)
        row = float(centre[0] + along * np.sin(tilt) + across * np.cos(tilt))
        column = float(centre[1] + along * np.cos(tilt) - across * np.sin(tilt))
        diameter = float(np.clip(median * np.exp(kind.spread * rng.normal()), 0.1, 1.0))
        half, stretch = diameter / 2, rng.uniform(1.2, 4.5) if kind.linear else rng.uniform(1.0, 1.8)
        longer, shorter = (stretch, 1.0) if kind.linear else (np.sqrt(stretch), 1 / np.sqrt(stretch))
        angle = tilt + 0.35 * rng.normal() if kind.linear else rng.uniform(0, np.pi)
        height = diameter / median * rng.uniform(0.5, 1.3)
        canvas.draw(rng, _Grain(row, column, half * longer, half * shorter, angle, height))
        if 0 <= row < canvas.side_mm and 0 <= column < canvas.side_mm:
            where[int(row / pixel_size_mm), int(column / pixel_size_mm)] = 1
    added = canvas.finished(rng.uniform(0.05, 0.11))
    if where.sum() < _FEWEST_GRAINS:
        return Profile(added, np.zeros_like(where, dtype=np.bool_))
    added /= max(float(np.quantile(added[ndimage.maximum_filter(where, 3) > 0], 0.9)), 1e-3)
    density = ndimage.gaussian_filter(where, 1.3 / pixel_size_mm)
    return Profile(added, ndimage.maximum_filter(density > 0.45 * density.max(), 7))


def draw_benign(rng: np.random.Generator, side: int, pixel_size_mm: float) -> FloatImage:
    """What is bright and no cluster, on a square patch: a vessel, coarse calcifications, specks or a scratch.

    Args:
        rng: what is random.
        side: rows and columns of the patch.
        pixel_size_mm: of the patch.

    Returns:
        ``(side, side)`` float32 in multiples of the tissue's local deviation.
    """
    canvas = _Canvas(side, pixel_size_mm)
    draw, probability = zip(*_BENIGN, strict=True)
    blur, contrast = draw[rng.choice(len(draw), p=probability)](rng, canvas)
    added = canvas.finished(blur)
    return np.asarray(contrast * added / max(float(added.max()), 1e-3), dtype=np.float32)


def _within(rng: np.random.Generator) -> _Place:
    """A place in a disc of diameter 1, every second time denser in its middle."""
    if rng.random() < 0.5:
        return rng.normal(0, 0.25, 2)
    radius, turn = 0.5 * np.sqrt(rng.random()), rng.uniform(0, _TURN)
    return np.array([radius * np.cos(turn), radius * np.sin(turn)])


def _vessel(rng: np.random.Generator, canvas: _Canvas) -> tuple[float, float]:
    """Short strokes along one or both walls of a bent vessel, with gaps."""
    middle, tilt = canvas.side_mm / 2, rng.uniform(0, np.pi)
    width, offset, bend = rng.uniform(0.8, 2.5), rng.uniform(-6, 6), rng.normal(0, 0.03)
    swing, phase, share = rng.uniform(0, 1), rng.uniform(0, 6), rng.uniform(0.3, 0.95)
    places = np.arange(-canvas.side_mm, canvas.side_mm, rng.uniform(0.25, 0.7))
    calcified = np.sin(places * rng.uniform(0.3, 1) + phase) > rng.uniform(-1.2, 0.3)
    for wall in (-width / 2, width / 2) if rng.random() < 0.8 else (0.0,):
        for along in places[calcified & (rng.random(len(places)) < share)]:
            across = offset + wall + bend * along**2 + swing * np.sin(0.8 * along + phase) + rng.normal(0, 0.12)
            place = along + rng.normal(0, 0.1)
            row = middle + place * np.sin(tilt) + across * np.cos(tilt)
            column = middle + place * np.cos(tilt) - across * np.sin(tilt)
            length, thickness = rng.uniform(0.15, 0.6), rng.uniform(0.08, 0.22)
            angle = tilt + rng.normal(0, 0.3)
            canvas.draw(rng, _Grain(row, column, length, thickness, angle, rng.uniform(0.3, 1)))
    return rng.uniform(0.06, 0.15), rng.uniform(2, 9)


def _coarse(rng: np.random.Generator, canvas: _Canvas) -> tuple[float, float]:
    """One to three large ones: round, with a rim, or like popcorn."""
    for _ in range(rng.integers(1, 4)):
        diameter, (row, column) = rng.uniform(0.7, 3.5), rng.uniform(1, canvas.side_mm - 1, 2)
        popcorn = rng.random() < 0.4
        rim = _Filling.RIM if rng.random() < 0.35 else None
        for _ in range(rng.integers(3, 9) if popcorn else 1):
            down, over = rng.normal(0, 0.3 * diameter, 2) if popcorn else (0.0, 0.0)
            half = diameter * (rng.uniform(0.25, 0.6) if popcorn else 1) / 2
            filling = rim or (_Filling.FLAT if rng.random() < 0.7 else _Filling.SOLID)
            axes, angle = (half * rng.uniform(0.8, 1.2), half), rng.uniform(0, np.pi)
            canvas.draw(rng, _Grain(row + down, column + over, *axes, angle, rng.uniform(0.6, 1), filling))
    return rng.uniform(0.06, 0.15), rng.uniform(4, 30)


def _specks(rng: np.random.Generator, canvas: _Canvas) -> tuple[float, float]:
    """One to three that lie apart."""
    _scattered(rng, canvas, rng.integers(1, 4), 0.15, 0.8)
    return rng.uniform(0.03, 0.11), rng.uniform(3, 20)


def _scatter(rng: np.random.Generator, canvas: _Canvas) -> tuple[float, float]:
    """A few all over the patch."""
    _scattered(rng, canvas, rng.integers(3, 8), 0.2, 0.6)
    return rng.uniform(0.05, 0.11), rng.uniform(2, 10)


def _scattered(rng: np.random.Generator, canvas: _Canvas, number: int, smallest: float, largest: float) -> None:
    for _ in range(number):
        diameter, (row, column) = rng.uniform(smallest, largest), rng.uniform(0, canvas.side_mm, 2)
        axes = (diameter / 2, diameter / 2 * rng.uniform(0.7, 1))
        canvas.draw(rng, _Grain(row, column, *axes, 0.0, diameter * rng.uniform(0.6, 1)))


def _scratch(rng: np.random.Generator, canvas: _Canvas) -> tuple[float, float]:
    """A thin straight line."""
    side, middle = canvas.side_mm, canvas.side_mm / 2
    tilt, offset = rng.uniform(0, np.pi), rng.uniform(-5, 5)
    start, end = rng.uniform(-side, 0), rng.uniform(0, side)
    places = (np.arange(len(canvas.greys)) + 0.5) * canvas.step - middle
    down, over = places[:, None], places[None, :]
    along, across = over * np.cos(tilt) + down * np.sin(tilt), down * np.cos(tilt) - over * np.sin(tilt) - offset
    line = np.exp(-0.5 * (across / rng.uniform(0.05, 0.12)) ** 2) * ((along > start) & (along < end))
    canvas.greys[:] = line
    return 0.05, rng.uniform(1, 8)


_BENIGN: tuple[tuple[Callable[[np.random.Generator, _Canvas], tuple[float, float]], float], ...] = (
    (_vessel, 0.30),
    (_coarse, 0.20),
    (_specks, 0.25),
    (_scatter, 0.15),
    (_scratch, 0.10),
)
