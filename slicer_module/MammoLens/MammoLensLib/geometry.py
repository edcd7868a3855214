"""Position of image grids: numpy only.

A grid is a one-slice volume. IJK ``(i, j, 0)`` is ``(column, row)``, whole numbers at the centres of pixels; RAS is in
mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

TOLERANCE = 0.25  # of a pixel: less is not visible, more is misplaced


@dataclass(frozen=True, eq=False)
class Grid:
    """Size and position of an image.

    Attributes:
        size: columns, rows, slices.
        ijk_to_ras: (4, 4).
    """

    size: tuple[int, int, int]
    ijk_to_ras: Matrix

    @property
    def spacing(self) -> tuple[float, float]:
        """Pixel size in mm along a row and along a column."""
        lengths = np.linalg.norm(self.ijk_to_ras[:3, :2], axis=0)
        return float(lengths[0]), float(lengths[1])

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height in mm, outer edges of the pixels."""
        return self.spacing[0] * self.size[0], self.spacing[1] * self.size[1]

    def ras(self, pixels: NDArray[np.float64] | Sequence[Sequence[float]]) -> Matrix:
        """RAS ``(n, 3)`` of ``(column, row)`` positions ``(n, 2)``."""
        some = np.asarray(pixels, dtype=float).reshape(-1, 2)
        homogeneous = np.column_stack([some, np.zeros(len(some)), np.ones(len(some))])
        return np.asarray((self.ijk_to_ras @ homogeneous.T).T[:, :3])

    def pixels(self, ras: NDArray[np.float64] | Sequence[Sequence[float]]) -> Matrix:
        """``(column, row)`` positions ``(n, 2)`` of RAS ``(n, 3)``; points off the plane are projected into it."""
        some = np.asarray(ras, dtype=float).reshape(-1, 3)
        homogeneous = np.column_stack([some, np.ones(len(some))])
        return np.asarray((np.linalg.inv(self.ijk_to_ras) @ homogeneous.T).T[:, :2])

    def corners(self) -> Matrix:
        """RAS ``(4, 3)`` of the outer corners of the corner pixels: they stay when a grid becomes coarser."""
        right, bottom = self.size[0] - 0.5, self.size[1] - 0.5
        return self.ras([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)])


def distance(image: Grid, other: Grid) -> float:
    """How far a grid's corners are from the image's, at most; in pixels of the image.

    A coarser grid of the same extent has distance 0, so size and spacing may differ; a rotated or mirrored one has not.
    Several slices are never over a mammogram: infinite.
    """
    if image.size[2] != 1 or other.size[2] != 1:
        return float("inf")
    apart = np.linalg.norm(image.corners() - other.corners(), axis=1).max()
    return float(apart / min(image.spacing))


def array_of(matrix: Any) -> Matrix:
    """A vtkMatrix4x4 as (4, 4)."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def slice_to_ras(ijk_to_world: Matrix, centre: NDArray[np.float64], mirrored: bool, upside_down: bool) -> Matrix:
    """Axes of a slice view that shows an image in its own plane, right-handed.

    Set directly, since Slicer's RotateToVolumePlane turns some images by 90 degrees.

    Args:
        ijk_to_world: (4, 4) of the image.
        centre: RAS of the middle of the view.
        mirrored: columns run from right to left on the screen.
        upside_down: rows run from bottom to top.

    Returns:
        (4, 4): x to the right of the screen, y upwards.
    """
    right = _unit(ijk_to_world[:3, 0]) * (-1 if mirrored else 1)
    down = _unit(ijk_to_world[:3, 1]) * (-1 if upside_down else 1)
    axes = np.eye(4)
    axes[:3, 0], axes[:3, 1], axes[:3, 2], axes[:3, 3] = right, -down, np.cross(right, -down), centre
    return axes


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))
