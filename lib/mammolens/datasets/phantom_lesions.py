"""Lesions of a phantom with exact outlines: spiculated masses and clusters of calcifications."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mammolens.datasets.phantom_anatomy import BreastShape
from mammolens.enums import Laterality
from mammolens.types import BoolImage, FloatImage

MASK_LEVEL = 0.25  # a pixel belongs to a lesion where it adds at least this share of the lesion's peak
_GRAINS_PER_MM2 = 0.12


class PhantomLesionKind(StrEnum):
    """What a phantom lesion looks like."""

    MASS = "mass"
    CALCIFICATIONS = "calcifications"


@dataclass(frozen=True, slots=True)
class PhantomLesion:
    """A lesion to put into one breast, seen in both of its views.

    ``diameter`` is that of the mass without its spicules, or of the cluster, in mm; ``contrast`` is the grey level
    that its peak adds, air being 0 and white 1.
    """

    kind: PhantomLesionKind = PhantomLesionKind.MASS
    laterality: Laterality = Laterality.LEFT
    diameter: float = 14.0
    contrast: float = 0.25

    def __post_init__(self) -> None:
        if not (1 <= self.diameter <= 60 and 0 < self.contrast <= 1):
            raise ValueError(f"a lesion of {self.diameter} mm and contrast {self.contrast} is out of range")


def draw_centre(shape: BreastShape, breast: np.random.Generator, view: np.random.Generator) -> tuple[float, float]:
    """Where a lesion lies, (row, column) in mm, chest wall at the left; its depth is the same in both views."""
    inward = breast.uniform(0.35, 0.6)
    across = view.uniform(-0.35, 0.35)
    return shape.nipple_row + across * shape.half_height, shape.depth * (1 - inward)


def render_lesion(
    lesion: PhantomLesion,
    centre: tuple[float, float],
    grid: tuple[int, int],
    spacing: tuple[float, float],
    rng: np.random.Generator,
) -> FloatImage:
    """What a lesion adds to the image: ``(rows, cols)`` float32 >= 0 with ``lesion.contrast`` as its peak."""
    down = ((np.arange(grid[0]) + 0.5) * spacing[0] - centre[0])[:, None]
    right = ((np.arange(grid[1]) + 0.5) * spacing[1] - centre[1])[None, :]
    near = (np.abs(down[:, 0]) < 1.6 * lesion.diameter, np.abs(right[0]) < 1.6 * lesion.diameter)
    draw = _mass if lesion.kind is PhantomLesionKind.MASS else _cluster
    added = np.zeros(grid, dtype=np.float32)
    added[np.ix_(*near)] = draw(down[near[0]], right[:, near[1]], lesion.diameter / 2, max(spacing), rng)
    return np.asarray(lesion.contrast * added / max(float(added.max()), 1e-6), dtype=np.float32)


def outline(added: FloatImage, breast: BoolImage) -> BoolImage:
    """The exact mask of a lesion: where it adds at least :data:`MASK_LEVEL` of its peak."""
    return np.asarray((added >= MASK_LEVEL * added.max()) & (added > 0) & breast)


def _mass(down: FloatImage, right: FloatImage, radius: float, pixel: float, rng: np.random.Generator) -> FloatImage:
    """An irregular blob with a Gaussian edge and spicules that fade outwards."""
    distance, angle = np.hypot(down, right), np.arctan2(down, right)
    border = np.full_like(angle, radius)
    for lobes in (2, 3, 5):
        border += radius * 0.25 / lobes * rng.uniform() * np.cos(lobes * angle + rng.uniform(0, 2 * np.pi))
    body = np.exp(-0.5 * (np.clip(distance / border - 0.35, 0, None) / 0.42) ** 2)
    for direction in rng.uniform(0, 2 * np.pi, size=rng.integers(10, 19)):
        along = right * np.cos(direction) + down * np.sin(direction)
        aside = down * np.cos(direction) - right * np.sin(direction)
        width, length = max(rng.uniform(0.3, 0.6), 0.7 * pixel), radius * rng.uniform(1.5, 2.6)
        spicule = 0.6 * np.exp(-((aside / width) ** 2)) * np.clip(1 - along / length, 0, 1) * (along > 0)
        body = np.maximum(body, spicule)
    return np.asarray(body, dtype=np.float32)


def _cluster(down: FloatImage, right: FloatImage, radius: float, pixel: float, rng: np.random.Generator) -> FloatImage:
    """Bright grains of 0.2 to 0.7 mm, at least one pixel wide, within a disc."""
    grains = np.zeros((down.shape[0], right.shape[1]), dtype=np.float32)
    for _ in range(max(6, round(_GRAINS_PER_MM2 * np.pi * radius**2))):
        away, direction = radius * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
        sigma = max(rng.uniform(0.2, 0.7) / 2.35, 0.6 * pixel)
        distance = (down - away * np.sin(direction)) ** 2 + (right - away * np.cos(direction)) ** 2
        grains = np.maximum(grains, rng.uniform(0.5, 1.0) * np.exp(-distance / (2 * sigma**2)))
    return np.asarray(grains, dtype=np.float32)
