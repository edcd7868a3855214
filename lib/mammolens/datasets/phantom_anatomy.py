"""Outline of a phantom breast: skin line, nipple, chest wall, pectoral muscle, where gland tends to lie.

Everything is drawn with the chest wall at the left image edge and the nipple pointing right, in mm; lengths follow
compressed breasts as in Bakic et al., Med Phys 29:2131 (2002), only roughly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammolens.enums import ViewPosition
from mammolens.types import BoolImage, FloatImage

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BreastShape:
    """One breast in one projection, lengths in mm, rows counted from the top of the image.

    ``depth`` goes from chest wall to nipple, ``half_height`` from the nipple's row to the lower fold,
    ``axilla`` and ``muscle`` (MLO only) are the breast's and the pectoral muscle's width at the top edge.
    """

    view: ViewPosition
    depth: float
    half_height: float
    nipple_row: float
    axilla: float = 0.0
    muscle: float = 0.0
    muscle_height: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Maps on the pixel grid, chest wall at the left.

    Attributes:
        breast: ``(rows, cols)`` bool, inside the skin line; the pectoral muscle counts.
        box: rows and columns around the breast and one pixel more; the maps below cover this box alone.
        skin_distance: float32 mm to the skin, 0 or less outside.
        muscle: float32 in [0, 1], share of pectoral muscle.
        gland: float32 in [0, 1], where glandular tissue tends to lie.
    """

    breast: BoolImage
    box: tuple[slice, slice]
    skin_distance: FloatImage
    muscle: FloatImage
    gland: FloatImage


def draw_shape(
    view: ViewPosition, extent: tuple[float, float], patient: np.random.Generator, breast: np.random.Generator
) -> BreastShape:
    """Draw a breast that fits an image of ``extent`` (height, width) mm.

    ``patient`` draws what the breasts and views of one patient have in common, ``breast`` the small differences.
    """
    height, width = extent
    size, slant, axilla, muscle = patient.uniform((0.75, 0.0, 0.45, 0.75), (0.97, 1.0, 0.6, 0.9))
    size *= breast.uniform(0.97, 1.03)
    depth = 0.62 * width * size
    if view is not ViewPosition.MLO:
        return BreastShape(view, depth, 0.41 * height * size, height * (0.47 + 0.06 * slant))
    return BreastShape(
        view,
        depth,
        half_height=0.33 * height * size,
        nipple_row=height * (0.54 + 0.06 * slant),
        axilla=depth * axilla,
        muscle=depth * axilla * muscle,
        muscle_height=height * (0.5 + 0.15 * slant),
    )


def trace(shape: BreastShape, grid: tuple[int, int], spacing: tuple[float, float]) -> Anatomy:
    """Put a shape on a grid of (rows, columns) pixels with ``spacing`` (between rows, between columns) mm."""
    row = (np.arange(grid[0]) + 0.5) * spacing[0]
    column = ((np.arange(grid[1]) + 0.5) * spacing[1])[None, :].astype(np.float32)
    edge = _skin_line(shape, row)
    distance = (edge + _nipple(shape, row) - np.where(edge > 0, 0, np.inf))[:, None] - column
    distance = distance / np.hypot(1.0, np.gradient(edge, row))[:, None]
    breast = distance > 0
    box = rows, columns = _around(breast)
    row, column = row[rows], column[:, columns]
    muscle = _smooth_step((_muscle_line(shape, row)[:, None] - column) / 2.0)
    return Anatomy(
        breast=breast,
        box=box,
        skin_distance=distance[box].astype(np.float32),
        muscle=muscle,
        gland=_gland(shape, row[:, None], column) * (1 - muscle),
    )


def _around(breast: BoolImage) -> tuple[slice, slice]:
    """The breast's bounding box, a pixel wider, so that gradients within the breast are those of the whole image."""
    rows, columns = (np.flatnonzero(breast.any(axis=axis)) for axis in (1, 0))
    return slice(max(0, rows[0] - 1), rows[-1] + 2), slice(max(0, columns[0] - 1), columns[-1] + 2)


def _skin_line(shape: BreastShape, row: Curve) -> Curve:
    """Distance in mm from chest wall to skin for each row; 0 outside the breast."""
    offset = (row - shape.nipple_row) / shape.half_height
    edge = shape.depth * np.clip(1 - np.abs(offset) ** 2.1, 0, None) ** 0.6
    if shape.view is ViewPosition.MLO:
        rise = np.sin(np.pi / 2 * np.clip(row / shape.nipple_row, 0, 1)) ** 2
        edge = np.where(offset < 0, shape.axilla + (shape.depth - shape.axilla) * rise, edge)
    return np.asarray(edge)


def _nipple(shape: BreastShape, row: Curve) -> Curve:
    """Protrusion of the nipple, 8 mm wide, from the skin line in mm."""
    return np.asarray(4.5 * np.sqrt(np.clip(1 - ((row - shape.nipple_row) / 4.0) ** 2, 0, None)))


def _muscle_line(shape: BreastShape, row: Curve) -> Curve:
    """Distance in mm from chest wall to the slightly convex border of the pectoral muscle; far off without one."""
    if shape.muscle <= 0:
        return np.full_like(row, -np.inf)
    down = np.clip(row / shape.muscle_height, 0, 1)
    return np.asarray(shape.muscle * ((1 - down) + 0.25 * down * (1 - down)) - 4.0 * (row > shape.muscle_height))


def _gland(shape: BreastShape, row: Curve, column: FloatImage) -> FloatImage:
    """A cone that opens from behind the nipple towards the chest wall."""
    inward = np.clip((shape.depth - column) / shape.depth, 0, 1)
    half_width = shape.half_height * (0.15 + 0.75 * np.sqrt(inward))
    across = ((row - shape.nipple_row) / half_width) ** 2
    return np.asarray(np.exp(-across) * np.sin(np.pi * np.clip(0.12 + 0.8 * inward, 0, 1)), dtype=np.float32)


def _smooth_step(value: Curve) -> FloatImage:
    return np.asarray(1 / (1 + np.exp(-np.clip(4 * value, -30, 30))), dtype=np.float32)
