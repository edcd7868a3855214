"""Whether a finding was there at an earlier exam: evidence at the corresponding place of the prior view.

A place is known by two breast coordinates: mm from the chest wall, scaled by the nipple's distance from it, and mm
above or below the nipple. The first follows a compression that differs, the second a breast that lies higher or lower.
The rest is covered by a search around the place; the error on phantoms is in ``docs/findings.md``.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from mammolens.inference.landmarks import find_landmarks
from mammolens.transforms.orient import leans_left
from mammolens.types import AnomalyResult, BoolImage, FloatImage, PixelSpacing

RADIUS_MM: Final = 12.0
"""Distance around the corresponding place within which evidence of the prior view counts."""

_LONGEST: Final = 160  # pixels of the longer side of what is kept
_MOST_STRETCH: Final = 1.25  # beyond it the nipple was missed in one view, or the views show different parts


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The anomaly map of one view as it is kept for later exams, chest wall at the left.

    Attributes:
        values: ``(rows, cols)`` float32, the highest value of the map in each pixel, in units of where findings begin;
            0 outside the breast.
        pixel_size: mm between rows and between columns of ``values``.
        step: pixels of the image for one of ``values``, in both directions.
        columns: of the image.
        mirrored: the image has its chest wall at the right.
        nipple: row and column in ``values``.
    """

    values: FloatImage
    pixel_size: tuple[float, float]
    step: int
    columns: int
    mirrored: bool
    nipple: tuple[float, float]

    @classmethod
    def of(cls, result: AnomalyResult, start: float) -> Evidence | None:
        """What to keep of a result; ``None`` without pixel spacing, or if the map is empty.

        Args:
            result: of one image.
            start: value of its map where findings begin.
        """
        spacing = result.header.spacing
        return evidence_in(result.anomaly_map, spacing, start) if spacing else None

    def as_fact(self) -> dict[str, Any]:
        """As JSON, about 40 kB."""
        return {
            "values": base64.b64encode(self.values.astype("<f2").tobytes()).decode(),
            "shape": list(self.values.shape),
            "pixel_size": list(self.pixel_size),
            "step": self.step,
            "columns": self.columns,
            "mirrored": self.mirrored,
            "nipple": list(self.nipple),
        }

    @classmethod
    def of_fact(cls, fact: Mapping[str, Any]) -> Evidence:
        """From :meth:`as_fact`."""
        values = np.frombuffer(base64.b64decode(fact["values"]), "<f2").astype(np.float32).reshape(fact["shape"])
        pixel_size, nipple = ((float(rows), float(columns)) for rows, columns in (fact["pixel_size"], fact["nipple"]))
        return cls(values, pixel_size, int(fact["step"]), int(fact["columns"]), bool(fact["mirrored"]), nipple)

    def place_of(self, column: float, row: float) -> tuple[float, float]:
        """Where a pixel of the image lies in ``values``, as row and column."""
        inward = self.columns - 1 - column if self.mirrored else column
        return (row + 0.5) / self.step - 0.5, (inward + 0.5) / self.step - 0.5


def evidence_in(anomaly_map: FloatImage, spacing: PixelSpacing, start: float) -> Evidence | None:
    """Reduce a map to what is kept; ``None`` if it is empty.

    Args:
        anomaly_map: ``(rows, cols)`` float32 on the image's grid, 0 outside the breast.
        spacing: of the image.
        start: value where findings begin.
    """
    if not (anomaly_map > 0).any():
        return None
    mirrored = not leans_left(torch.from_numpy(anomaly_map > 0)[None])
    turned = anomaly_map[:, ::-1] if mirrored else anomaly_map
    rows, columns = turned.shape
    step = max(1, math.ceil(max(rows, columns) / _LONGEST))
    padded = np.pad(turned, ((0, -rows % step), (0, -columns % step)))
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    values = np.asarray(blocks.max(axis=(1, 3)) / start, dtype=np.float32)
    pixel_size = spacing.between_rows * step, spacing.between_columns * step
    # The muscle's edge is not in the map: the nipple is what is farthest from the image's edge.
    return Evidence(
        values, pixel_size, step, columns, mirrored, find_landmarks(values, values > 0, None, pixel_size).nipple
    )


def corresponding_place(place: tuple[float, float], current: Evidence, prior: Evidence) -> tuple[float, float] | None:
    """The place in the prior view's ``values`` of a place in the current view's, as row and column.

    ``None`` where there is none to be trusted: the breasts differ too much in depth, or it lies outside of the prior's
    breast by more than the search reaches.
    """
    depths = [(one.nipple[1] + 0.5) * one.pixel_size[1] for one in (current, prior)]
    stretch = depths[1] / depths[0]
    if not 1 / _MOST_STRETCH <= stretch <= _MOST_STRETCH:
        return None
    below = (place[0] - current.nipple[0]) * current.pixel_size[0]
    away = (place[1] + 0.5) * current.pixel_size[1] * stretch
    found = prior.nipple[0] + below / prior.pixel_size[0], away / prior.pixel_size[1] - 0.5
    return found if (prior.values[_near(found, prior)] > 0).any() else None


def evidence_then_and_now(column: float, row: float, current: Evidence, prior: Evidence) -> tuple[float, float] | None:
    """The highest value around the place that corresponds to a pixel of the current image, before and now.

    ``None`` where there is no such place, see :func:`corresponding_place`.
    """
    here = current.place_of(column, row)
    there = corresponding_place(here, current, prior)
    if there is None:
        return None
    return float(prior.values[_near(there, prior)].max()), float(current.values[_near(here, current)].max())


def _near(place: tuple[float, float], evidence: Evidence) -> BoolImage:
    rows, columns = np.indices(evidence.values.shape)
    height, width = evidence.pixel_size
    return np.asarray(np.hypot((rows - place[0]) * height, (columns - place[1]) * width) <= RADIUS_MM)
