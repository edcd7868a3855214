"""Landmarks of the breast: nipple, pectoral edge, inframammary fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from mammolens.enums import ViewPosition
from mammolens.inference.pectoral_edge import find_pectoral_edge
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.transforms.resample_mm import known_or_assumed_spacing
from mammolens.types import BoolImage, FloatImage

Point = tuple[float, float]  # row and column
Line = tuple[Point, Point]
OBLIQUE: Final = frozenset((ViewPosition.MLO, ViewPosition.LMO))
_USUAL_TILT = 20.0  # degrees of the pectoral edge, where it is not seen
_SKIN_TIP = 1.5  # mm: skin that is hardly less far out counts as the farthest
_NIPPLE_RADIUS = 14.0  # mm: what a disk of this radius cannot fill, at the skin, stands out
# mm, at least, and mm more for each mm from the farthest skin: the outlines of films are rough.
_STANDS_OUT, _MORE_FARTHER_OFF = 1.3, 0.02
_NIPPLE_REACH = 60.0  # mm from the farthest skin to a nipple that stands out
_NEAR_WALL = 0.5  # share of the breast's width in which the fold lies
_HOLLOW = 2.0  # mm, at least, of the hollow between breast and abdomen
_AT_WALL = 0.15  # share of the breast's width: a lower edge that is wider is the image's, not the breast's


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Points of one breast as ``(row, column)`` in pixels of one grid; ``None`` if unknown.

    Attributes:
        pixel_size: mm between rows and between columns of the grid; may be assumed.
        nipple: where it protrudes from the skin line, else the point of the skin farthest from the chest wall.
        pectoral_edge: upper and lower end of a straight line; oblique views only.
        inframammary_fold: where the lower skin line meets the chest wall or the abdomen; oblique views only.
    """

    pixel_size: tuple[float, float]
    nipple: Point
    pectoral_edge: Line | None = None
    inframammary_fold: Point | None = None

    def moved(
        self, move: Callable[[NDArray[np.float64]], NDArray[np.float64]], pixel_size: tuple[float, float]
    ) -> Landmarks:
        """The same landmarks on another grid.

        Args:
            move: takes and gives points ``(n, 2)``.
            pixel_size: of the other grid.
        """
        points = [self.nipple, *(self.pectoral_edge or ())]
        if self.inframammary_fold is not None:
            points.append(self.inframammary_fold)
        moved = [(row, column) for row, column in move(np.array(points)).tolist()]
        return Landmarks(
            pixel_size,
            nipple=moved[0],
            pectoral_edge=(moved[1], moved[2]) if self.pectoral_edge is not None else None,
            inframammary_fold=moved[-1] if self.inframammary_fold is not None else None,
        )


def landmarks_of(prepared: Prepared, pipeline: Pipeline) -> Landmarks:
    """Find the landmarks of a prepared image; given on its original grid.

    Where Patient Orientation (PS3.3 C.7.6.1.1.1) has the head at the lower edge, only the nipple is looked for.
    """
    header = header_of(prepared.image)
    hangs = header.patient_orientation is None or "H" not in header.patient_orientation[1]
    found = find_landmarks(
        prepared.image.as_tensor()[0].numpy(),
        prepared.mask.as_tensor()[0].numpy() > 0.5,
        header.view if hangs else None,
        pipeline.pixel_size_mm(prepared),
    )
    spacing = known_or_assumed_spacing(prepared.image, pipeline.config.assumed_height_mm)
    return found.moved(lambda points: pipeline.restore_points(points, prepared), spacing)


def find_landmarks(
    greys: FloatImage, breast: BoolImage, view: ViewPosition | None, pixel_size: tuple[float, float]
) -> Landmarks:
    """Find the landmarks of one breast.

    The nipple is first taken for the skin that is farthest from the chest wall: from the image's edge, in oblique views
    from the pectoral edge, as the posterior nipple line is drawn (Bassett et al., Radiology 188:803, 1993). If the skin
    line has a bump near there, it is the nipple.

    Args:
        greys: ``(rows, cols)`` float32 in [0, 1], chest wall on the left, axilla at the top.
        breast: ``(rows, cols)`` bool, inside the skin line; not empty.
        view: of the image.
        pixel_size: mm between rows and between columns.
    """
    if view not in OBLIQUE:
        return Landmarks(pixel_size, _nipple(breast, 0.0, pixel_size))
    edge = find_pectoral_edge(greys, breast, pixel_size)
    tilt = np.radians(_USUAL_TILT)
    if edge is not None:
        tilt = np.arctan2(
            (edge.upper[1] - edge.lower[1]) * pixel_size[1], (edge.lower[0] - edge.upper[0]) * pixel_size[0]
        )
    nipple = _nipple(breast, float(tilt), pixel_size)
    line = (edge.upper, edge.lower) if edge else None
    return Landmarks(pixel_size, nipple, line, _fold(breast, nipple, pixel_size))


def _nipple(breast: BoolImage, tilt: float, pixel_size: tuple[float, float]) -> Point:
    """Find the nipple of a breast whose chest wall is tilted by this many radians against the image's columns."""
    rows, columns = (int(np.flatnonzero(breast.any(axis=axis))[-1]) + 2 for axis in (1, 0))
    breast = breast[:rows, :columns]  # a grid by pixel size is mostly padding
    # Where the skin leaves the image, the breast goes on.
    skin = breast & ~ndimage.binary_erosion(np.pad(breast, 1, mode="edge"))[1:-1, 1:-1]
    places = np.argwhere(skin if skin.any() else breast)
    down, across = (places * pixel_size).T
    away = across * np.cos(tilt) + down * np.sin(tilt)
    farthest = places[away >= away.max() - _SKIN_TIP].mean(axis=0)
    return _bump(breast, farthest, pixel_size) or (float(farthest[0]), float(farthest[1]))


def _bump(breast: BoolImage, near: NDArray[np.float64], pixel_size: tuple[float, float]) -> Point | None:
    """Centre of the largest protrusion of the skin line around a location."""
    pad = [int(np.ceil(_NIPPLE_RADIUS / pixel)) + 2 for pixel in pixel_size]
    padded = np.pad(breast, [(rows, rows) for rows in pad], mode="edge")
    core = ndimage.distance_transform_edt(padded, sampling=pixel_size) > _NIPPLE_RADIUS
    if not core.any():
        return None
    height = ndimage.distance_transform_edt(~core, sampling=pixel_size)[pad[0] : -pad[0], pad[1] : -pad[1]]
    bumps, count = ndimage.label(breast & (height > _NIPPLE_RADIUS))
    if not count:
        return None
    numbers = range(1, count + 1)
    heights = np.asarray(ndimage.maximum(height, bumps, numbers)) - _NIPPLE_RADIUS
    middles = np.array(ndimage.center_of_mass(breast, bumps, numbers))
    distances = np.hypot(*((middles - near) * pixel_size).T)
    excess = heights - _STANDS_OUT - _MORE_FARTHER_OFF * distances
    excess[distances > _NIPPLE_REACH] = -1.0
    highest = int(excess.argmax())
    return (float(middles[highest][0]), float(middles[highest][1])) if excess[highest] >= 0 else None


def _fold(breast: BoolImage, nipple: Point, pixel_size: tuple[float, float]) -> Point | None:
    """The bottom of the hollow between breast and abdomen, else where the lower skin line meets the chest wall."""
    rows, columns = np.flatnonzero(breast.any(axis=1)), np.flatnonzero(breast.any(axis=0))
    first, wall = min(int(nipple[0]) + 1, int(rows[-1])), int(columns[0])
    lower = breast[first : rows[-1] + 1, wall : columns[-1] + 1]
    if min(lower.shape) < 3 or not lower[:, 0].any():
        return None
    near_wall = lower[:, : round(_NEAR_WALL * lower.shape[1])]
    hull = convex_hull_image(lower)
    # The hull goes on above and behind the wall.
    padded = np.pad(np.pad(hull, ((1, 0), (1, 0)), mode="edge"), ((0, 1), (0, 1)))
    depth = ndimage.distance_transform_edt(padded, sampling=pixel_size)[1:-1, 1:-1][:, : near_wall.shape[1]]
    hollow = np.where(near_wall, 0.0, depth)
    if hollow.max() >= _HOLLOW:
        row, column = np.unravel_index(int(hollow.argmax()), hollow.shape)
        return float(row) + first, float(column) + wall
    end = int(np.flatnonzero(lower[:, 0])[-1])
    cut_off = end == len(lower) - 1 and lower[-1].mean() > _AT_WALL
    return None if cut_off else (float(end) + first, float(wall))
