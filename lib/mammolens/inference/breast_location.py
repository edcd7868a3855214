"""Location in the breast, in a radiologist's terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.enums import (
    AttributeSource,
    FindingAnatomy,
    FindingDepth,
    FindingPosition,
    Laterality,
    ViewPosition,
)
from mammolens.inference.landmarks import Landmarks, Line, Point
from mammolens.transforms.orient import leans_left
from mammolens.types import BoolImage, ImageHeader

_LONGEST = 512  # pixels of the longer side of the mask that is measured
_CENTRAL = 0.05  # share of the breast's height, above and below the nipple's line
# mm from a landmark at which a peak is said to lie at it: the nipple with the areola, a muscle's edge as wide as it
# is blurred, folded skin, and skin as thick as the detector leaves out of the map and a little more.
_AT_NIPPLE, _AT_EDGE, _AT_FOLD, _AT_SKIN = 12.0, 5.0, 15.0, 6.0
_AXILLA_HEIGHT = 1 / 3  # of the way from the top of the breast down to the nipple
_AXILLA_DEPTH = 20.0  # mm in front of the pectoral edge
_FROM_ABOVE = frozenset((ViewPosition.CC, ViewPosition.XCCL, ViewPosition.XCCM, ViewPosition.FB))
_FROM_THE_SIDE = frozenset(
    (ViewPosition.MLO, ViewPosition.ML, ViewPosition.LM, ViewPosition.LMO, ViewPosition.SIO, ViewPosition.ISO)
)
_STATED = frozenset((AttributeSource.HEADER, AttributeSource.CODE_SEQUENCE, AttributeSource.TABLE))
_OPPOSITE = {
    FindingPosition.UPPER: FindingPosition.LOWER,
    FindingPosition.LOWER: FindingPosition.UPPER,
    FindingPosition.OUTER: FindingPosition.INNER,
    FindingPosition.INNER: FindingPosition.OUTER,
}


@dataclass(frozen=True, eq=False)
class BreastLocation:
    """One breast, chest wall at the left or the right edge of the image.

    Args:
        breast: ``(rows, cols)`` bool on the original grid; not empty.
        header: of the image.
        landmarks: on the same grid.
    """

    breast: BoolImage
    header: ImageHeader
    landmarks: Landmarks

    def depth(self, column: float) -> FindingDepth:
        """Which third between nipple and chest wall; thirds are parallel to the image's edge."""
        nipple, wall = self.landmarks.nipple[1], self._wall
        share = (nipple - column) / (nipple - wall)
        return (
            FindingDepth.ANTERIOR if share < 1 / 3 else FindingDepth.MIDDLE if share < 2 / 3 else FindingDepth.POSTERIOR
        )

    def position(self, row: float) -> tuple[FindingPosition | None, bool]:
        """Side of the horizontal line through the nipple, and whether it is guessed.

        Patient Orientation (PS3.3 C.7.6.1.1.1) defines the upper edge. Without it, the axilla is assumed to be at
        the top if the chest wall is on the usual side, left for a left breast. There is no position if the header
        contradicts the picture, or side or view are guessed.
        """
        rows, nipple_row = np.flatnonzero(self._small.any(axis=1)) * self._step, self.landmarks.nipple[0]
        if abs(row - nipple_row) <= _CENTRAL * (rows[-1] - rows[0] + self._step):
            return FindingPosition.CENTRAL, False
        downwards, guessed = self._downwards
        if downwards is None:
            return None, False
        return (downwards if row > nipple_row else _OPPOSITE[downwards]), guessed

    def skin_distance_mm(self, row: int, column: int) -> float | None:
        """To the nearest skin that the image shows, to a tenth of a mm; ``None`` without pixel spacing."""
        return round(self._to_skin(row, column), 1) if self.header.spacing else None

    def nipple_distance_mm(self, row: int, column: int) -> float | None:
        """To the nipple along the image plane, to a tenth of a mm; ``None`` without pixel spacing."""
        return round(self._apart((row, column), self.landmarks.nipple), 1) if self.header.spacing else None

    def anatomy(self, row: int, column: int) -> FindingAnatomy | None:
        """The most specific normal anatomy at a location, which may explain a finding; ``None`` for breast tissue."""
        here, marks = (float(row), float(column)), self.landmarks
        if self._apart(here, marks.nipple) <= _AT_NIPPLE:
            return FindingAnatomy.NIPPLE
        if marks.inframammary_fold is not None and self._apart(here, marks.inframammary_fold) <= _AT_FOLD:
            return FindingAnatomy.INFRAMAMMARY_FOLD
        return self._at_muscle(here) or (FindingAnatomy.SKIN if self._to_skin(row, column) <= _AT_SKIN else None)

    def _at_muscle(self, here: Point) -> FindingAnatomy | None:
        if self.landmarks.pectoral_edge is None:
            return None
        (top, _), (bottom, _) = self.landmarks.pectoral_edge
        in_front = self._in_front_of(self.landmarks.pectoral_edge, here)
        if here[0] > bottom or in_front > _AXILLA_DEPTH:
            return None
        if abs(in_front) <= _AT_EDGE:
            return FindingAnatomy.PECTORAL_EDGE
        if here[0] <= top + _AXILLA_HEIGHT * (self.landmarks.nipple[0] - top):
            return FindingAnatomy.AXILLA
        return FindingAnatomy.PECTORAL_MUSCLE if in_front < 0 else None

    def _in_front_of(self, edge: Line, here: Point) -> float:
        """Distance in mm from a muscle's edge towards the nipple, below 0 on the muscle."""
        upper, lower, place = (np.multiply(point, self.landmarks.pixel_size) for point in (*edge, here))
        along = lower - upper
        beside = along[0] * (place[1] - upper[1]) - along[1] * (place[0] - upper[0])
        return float(beside / np.hypot(*along)) * (1 if self._wall_on_left else -1)

    def _apart(self, one: Point, other: Point) -> float:
        """In mm, maybe assumed."""
        return float(np.hypot(*np.subtract(one, other) * self.landmarks.pixel_size))

    def _to_skin(self, row: int, column: int) -> float:
        """In mm, maybe assumed."""
        shape = self._skin_distances.shape
        at = min(row // self._step, shape[0] - 1), min(column // self._step, shape[1] - 1)
        return float(self._skin_distances[at])

    @cached_property
    def _step(self) -> int:
        return max(1, -(-max(self.breast.shape) // _LONGEST))

    @cached_property
    def _small(self) -> BoolImage:
        """Every n-th pixel of the mask."""
        return self.breast[:: self._step, :: self._step]

    @cached_property
    def _wall_on_left(self) -> bool:
        return leans_left(torch.from_numpy(np.ascontiguousarray(self._small))[None])

    @cached_property
    def _wall(self) -> float:
        """Column of the chest wall, at the outer edge of its pixels."""
        columns = np.flatnonzero(self._small.any(axis=0)) * self._step
        return float(columns[0] - 0.5 if self._wall_on_left else columns[-1] + self._step - 0.5)

    @cached_property
    def _downwards(self) -> tuple[FindingPosition | None, bool]:
        """What lies at the lower edge of the image, and whether that is a guess."""
        header = self.header
        if not {header.laterality_source, header.view_source} <= _STATED:
            return None, False
        if header.patient_orientation is not None:
            return self._stated_downwards(*header.patient_orientation), False
        if (header.laterality is Laterality.LEFT) is not self._wall_on_left:
            return None, False  # turned or mirrored, and nothing tells which
        if header.view in _FROM_THE_SIDE:
            return FindingPosition.LOWER, True
        return (FindingPosition.INNER, True) if header.view in _FROM_ABOVE else (None, False)

    def _stated_downwards(self, along_row: str, along_column: str) -> FindingPosition | None:
        if not along_row.startswith("A" if self._wall_on_left else "P"):
            return None
        if self.header.view in _FROM_THE_SIDE:
            ends = {"F": FindingPosition.LOWER, "H": FindingPosition.UPPER}
        elif self.header.view in _FROM_ABOVE and self.header.laterality is not None:
            inward = "R" if self.header.laterality is Laterality.LEFT else "L"
            ends = {inward: FindingPosition.INNER, self.header.laterality.value: FindingPosition.OUTER}
        else:
            return None
        return next((ends[letter] for letter in along_column if letter in ends), None)

    @cached_property
    def _skin_distances(self) -> NDArray[np.float64]:
        """In mm, maybe assumed, on the small grid."""
        # Neither the image's edges nor the chest wall, where films may have a border, are skin: behind them it goes on.
        from_wall = self._small if self._wall_on_left else self._small[:, ::-1]
        behind = np.arange(from_wall.shape[1]) < from_wall.argmax(axis=1)[:, None]
        padded = np.pad(self._small | (behind if self._wall_on_left else behind[:, ::-1]), 1, mode="edge")
        pixel = [size * self._step for size in self.landmarks.pixel_size]
        return np.asarray(ndimage.distance_transform_edt(padded, sampling=pixel))[1:-1, 1:-1]
