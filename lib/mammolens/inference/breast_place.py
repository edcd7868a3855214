"""Where in the breast a place of the image lies, in a radiologist's words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.enums import AttributeSource, FindingDepth, FindingPosition, Laterality, ViewPosition
from mammolens.transforms.orient import leans_left
from mammolens.types import BoolImage, ImageHeader

_LONGEST = 512  # pixels of the longer side of the mask that is measured
_AT_NIPPLE = 0.98  # rows in which the breast is this deep count as the nipple's
_CENTRAL = 0.05  # share of the breast's height, above and below the nipple's line
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
class BreastPlace:
    """Landmarks of one breast, chest wall at the left or the right edge of the image.

    Args:
        breast: ``(rows, cols)`` bool on the original grid; not empty.
        header: of the image.
    """

    breast: BoolImage
    header: ImageHeader

    def depth(self, column: float) -> FindingDepth:
        """Which third between nipple and chest wall; thirds are parallel to the image's edge."""
        nipple, wall = self._ends
        share = (nipple - column) / (nipple - wall)
        return (
            FindingDepth.ANTERIOR if share < 1 / 3 else FindingDepth.MIDDLE if share < 2 / 3 else FindingDepth.POSTERIOR
        )

    def position(self, row: float) -> tuple[FindingPosition | None, bool]:
        """On which side of the horizontal line through the nipple, and whether that is a guess.

        Patient Orientation (PS3.3 C.7.6.1.1.1) tells what the upper edge is. Without it the image is guessed to
        hang as usual, axilla up, if its chest wall lies as usual, at the left for a left breast. A header that
        contradicts the picture, a guessed side or a guessed view tells nothing.
        """
        rows = np.flatnonzero(self._small.any(axis=1)) * self._step
        if abs(row - self._nipple_row) <= _CENTRAL * (rows[-1] - rows[0] + self._step):
            return FindingPosition.CENTRAL, False
        downwards, guessed = self._downwards
        if downwards is None:
            return None, False
        return (downwards if row > self._nipple_row else _OPPOSITE[downwards]), guessed

    def skin_distance_mm(self, row: int, column: int) -> float | None:
        """To the nearest skin that the image shows, to a tenth of a mm; ``None`` without pixel spacing."""
        if self._skin_distances is None:
            return None
        shape = self._skin_distances.shape
        place = min(row // self._step, shape[0] - 1), min(column // self._step, shape[1] - 1)
        return round(float(self._skin_distances[place]), 1)

    @cached_property
    def _step(self) -> int:
        return max(1, -(-max(self.breast.shape) // _LONGEST))

    @cached_property
    def _small(self) -> BoolImage:
        """Every so many pixels of the mask."""
        return self.breast[:: self._step, :: self._step]

    @cached_property
    def _wall_on_left(self) -> bool:
        return leans_left(torch.from_numpy(np.ascontiguousarray(self._small))[None])

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """Columns of the nipple and of the chest wall, at the outer edges of their pixels."""
        columns = np.flatnonzero(self._small.any(axis=0)) * self._step
        left, right = columns[0] - 0.5, columns[-1] + self._step - 0.5
        return (right, left) if self._wall_on_left else (left, right)

    @cached_property
    def _nipple_row(self) -> float:
        """Middle of the rows in which the breast stands out farthest from the chest wall."""
        towards_nipple = self._small if self._wall_on_left else self._small[:, ::-1]
        last = np.where(towards_nipple.any(axis=1), towards_nipple.shape[1] - towards_nipple[:, ::-1].argmax(axis=1), 0)
        first = int(np.flatnonzero(towards_nipple.any(axis=0))[0])
        farthest = np.flatnonzero(last - first >= _AT_NIPPLE * (last.max() - first))
        return float(farthest[0] + farthest[-1]) / 2 * self._step

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
    def _skin_distances(self) -> NDArray[np.float64] | None:
        spacing = self.header.spacing
        if spacing is None:
            return None
        # The image's edges are no skin: what they cut off goes on behind them.
        padded = np.pad(self._small, 1, mode="edge")
        pixel = (spacing.between_rows * self._step, spacing.between_columns * self._step)
        return np.asarray(ndimage.distance_transform_edt(padded, sampling=pixel))[1:-1, 1:-1]
