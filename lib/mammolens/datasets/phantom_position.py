"""How a phantom breast lies at one visit: stretched by its compression, and higher or lower on the detector."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.datasets.phantom_anatomy import BreastShape
from mammolens.types import FloatImage

# A compression that differs by 5 % in depth and height, and a detector that is up to 8 mm higher or lower.
_STRETCH, _SHIFT = 0.05, 8.0


@dataclass(frozen=True, slots=True)
class Position:
    """From a place at the first visit to the place of the same tissue, chest wall at the left, in mm.

    ``row -> height * (row - nipple_row) + nipple_row + shift`` and ``column -> depth * column``.

    Attributes:
        depth: factor of distances from the chest wall.
        height: factor of distances from the nipple's row.
        shift: mm downwards.
        nipple_row: of the first visit.
    """

    depth: float
    height: float
    shift: float
    nipple_row: float

    def moved(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places ``(n, 2)``, row and column in mm from the image's upper left corner, chest wall at the left."""
        rows = self.height * (places[:, 0] - self.nipple_row) + self.nipple_row + self.shift
        return np.stack([rows, self.depth * places[:, 1]], axis=1)

    def placed(self, image: FloatImage, spacing: tuple[float, float]) -> FloatImage:
        """A map ``(rows, cols)`` of the first visit, chest wall at the left, as it lies now; its last row goes on."""
        factors = np.array([self.height, self.depth])
        centre = np.array([self.nipple_row / spacing[0] - 0.5, -0.5])  # in pixels; the chest wall stays
        shift = np.array([self.shift / spacing[0], 0.0])
        moved = ndimage.affine_transform(
            image, 1 / factors, offset=centre - (centre + shift) / factors, order=1, mode="nearest"
        )
        return np.asarray(moved, dtype=np.float32)

    def shape(self, shape: BreastShape) -> BreastShape:
        """The shape now; the muscle's width at the top edge is approximate."""
        return replace(
            shape,
            depth=self.depth * shape.depth,
            half_height=self.height * shape.half_height,
            nipple_row=shape.nipple_row + self.shift,
            axilla=self.depth * shape.axilla,
            muscle=self.depth * shape.muscle,
            muscle_height=self.height * (shape.muscle_height - self.nipple_row) + self.nipple_row + self.shift
            if shape.muscle
            else 0.0,
        )


AS_DRAWN = Position(1.0, 1.0, 0.0, 0.0)
"""The first visit."""


def draw_position(shape: BreastShape, generator: np.random.Generator) -> Position:
    """Draw how a breast of this shape lies at another visit."""
    lowest, highest = (1 - _STRETCH, 1 - _STRETCH, -_SHIFT), (1 + _STRETCH, 1 + _STRETCH, _SHIFT)
    depth, height, shift = (float(value) for value in generator.uniform(lowest, highest))
    return Position(depth, height, shift, shape.nipple_row)
