"""Regions of the anomaly map as findings: outline, size, strength and location."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from mammolens.config import FindingsConfig
from mammolens.inference.breast_location import BreastLocation
from mammolens.inference.landmarks import Landmarks
from mammolens.types import (
    AnomalyRecord,
    BoolImage,
    ExamKey,
    Finding,
    FloatImage,
    ImageHeader,
    PixelSpacing,
)

_TOUCHING = np.ones((3, 3), dtype=bool)  # pixels that share a corner belong together
_MOST_VERTICES = 64
_FINEST = 0.3  # pixels that a contour may lie off the pixels' own edges: it follows no stairs


def find_findings(
    anomaly_map: FloatImage,
    breast: BoolImage,
    header: ImageHeader,
    levels: Mapping[str, float],
    config: FindingsConfig,
    landmarks: Callable[[], Landmarks],
    percentile: Callable[[float], float],
    corner: tuple[int, int] = (0, 0),
) -> tuple[list[Finding], int]:
    """Connected regions at or above ``config.level``, holes filled.

    Args:
        anomaly_map: ``(rows, cols)`` on the original grid or, with ``corner``, on a part of it that holds all of the
            map above 0.
        breast: ``(rows, cols)`` bool, inside the skin line.
        header: of the image; orientation, side, view and spacing.
        levels: name and map value where each heat level begins, rising.
        config: what counts as a finding.
        landmarks: finds those of the breast on the original grid; called only if there is a finding.
        percentile: of a peak, among the strongest ones of normal patients.
        corner: first row and column of the map.

    Returns:
        Findings, highest peak first, and how many more there were.
    """
    start = levels[config.level]
    above = anomaly_map >= start
    if not above.any():
        return [], 0
    rows, columns = (np.flatnonzero(above.any(axis=axis)) for axis in (1, 0))
    hot = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    heat, first = anomaly_map[hot], (corner[0] + int(rows[0]), corner[1] + int(columns[0]))
    regions, count = ndimage.label(_filled(above[hot]), structure=_TOUCHING)
    sizes, boxes = np.bincount(regions.ravel(), minlength=count + 1), ndimage.find_objects(regions)
    large = np.flatnonzero(sizes[1:] >= _smallest(header.spacing, breast, config))
    outlined = [
        _Region(regions[boxes[at]] == at + 1, heat[boxes[at]], _moved(boxes[at], first)) for at in large.tolist()
    ]
    kept = sorted(outlined, key=lambda region: -region.peak)
    if not kept:
        return [], 0
    place = BreastLocation(breast, header, landmarks())
    findings = [_finding(region, place, levels, percentile(region.peak)) for region in kept[: config.maximum]]
    return findings, len(kept) - len(findings)


def numbers_by_strength(findings: Sequence[Sequence[Finding]]) -> list[list[int]]:
    """Number the findings of an exam from 1, the highest peak first.

    Args:
        findings: of each image.

    Returns:
        For each image the numbers of its findings, in their order.

    Example:
        >>> numbers_by_strength([])
        []
    """
    places = [(image, at) for image, of_image in enumerate(findings) for at in range(len(of_image))]
    places.sort(key=lambda place: -findings[place[0]][place[1]].peak)  # equal ones in the order of images
    numbers = {place: number for number, place in enumerate(places, start=1)}
    return [[numbers[image, at] for at in range(len(of_image))] for image, of_image in enumerate(findings)]


def numbers_in_exams(records: Sequence[AnomalyRecord]) -> list[list[int]]:
    """Number the findings of records, those of each exam together, as :func:`numbers_by_strength` does.

    Returns:
        For each record the numbers of its findings, in their order.
    """
    exams: dict[ExamKey, list[int]] = {}
    for at, record in enumerate(records):
        exams.setdefault((record.patient, record.exam), []).append(at)
    numbers: dict[int, list[int]] = {}
    for members in exams.values():
        numbers |= zip(members, numbers_by_strength([records[at].findings for at in members]), strict=True)
    return [numbers[at] for at in range(len(records))]


def _filled(above: BoolImage) -> BoolImage:
    """The regions of a box without holes."""
    # Holes are background that does not reach the box's border; ndimage.binary_fill_holes takes four times as long.
    background, count = ndimage.label(~above)
    is_open = np.zeros(count + 1, dtype=bool)
    for edge in (background[0], background[-1], background[:, 0], background[:, -1]):
        is_open[edge] = True
    is_open[0] = False
    return np.asarray(~is_open[background])


def _moved(box: tuple[slice, slice], by: tuple[int, int]) -> tuple[slice, slice]:
    rows, columns = (slice(part.start + start, part.stop + start) for part, start in zip(box, by, strict=True))
    return rows, columns


def _smallest(spacing: PixelSpacing | None, breast: BoolImage, config: FindingsConfig) -> float:
    """Pixels of the smallest finding."""
    if spacing is None:
        return config.smallest_share * np.count_nonzero(breast)
    return config.smallest_mm2 / (spacing.between_rows * spacing.between_columns)


@dataclass(frozen=True, eq=False)
class _Region:
    """One region: where it is within its box, the map there, and the box (rows, columns)."""

    inside: BoolImage
    heat: FloatImage
    box: tuple[slice, slice]

    @cached_property
    def peak(self) -> float:
        return float(self.heat[self.inside].max())

    @property
    def peak_location(self) -> tuple[int, int]:
        """Row and column within the image."""
        place = int(np.where(self.inside, self.heat, -np.inf).argmax())
        row, column = np.unravel_index(place, self.heat.shape)
        return int(row) + self.box[0].start, int(column) + self.box[1].start

    @property
    def centre(self) -> tuple[float, float]:
        """Mean row and column within the image."""
        rows, columns = np.nonzero(self.inside)
        return float(rows.mean()) + self.box[0].start, float(columns.mean()) + self.box[1].start


def _finding(region: _Region, place: BreastLocation, levels: Mapping[str, float], percentile: float) -> Finding:
    (rows, columns), spacing = region.box, place.header.spacing
    (row, column), (middle_row, middle_column) = region.peak_location, region.centre
    position, guessed = place.position(middle_row)
    area = int(region.inside.sum())
    return Finding(
        contour=[(x + columns.start, y + rows.start) for y, x in _contour(region.inside).tolist()],
        bounding_box=(columns.start, rows.start, columns.stop - 1, rows.stop - 1),
        area_pixels=area,
        area_mm2=round(area * spacing.between_rows * spacing.between_columns, 2) if spacing else None,
        peak=region.peak,
        peak_location=(column, row),
        mean=float(region.heat[region.inside].mean()),
        level=[name for name, start in levels.items() if start <= region.peak][-1],
        percentile=percentile,
        position=position,
        position_guessed=guessed,
        depth=place.depth(middle_column),
        skin_distance_mm=place.skin_distance_mm(row, column),
        nipple_distance_mm=place.nipple_distance_mm(row, column),
        anatomy=place.anatomy(row, column),
    )


def _contour(region: BoolImage) -> NDArray[np.float64]:
    """Closed outline ``(vertices, 2)`` of one region without holes, as (row, column) along its pixels' outer edges."""
    padded = np.pad(region, 1).astype(np.float64)
    outline = max(find_contours(padded, 0.5, fully_connected="high"), key=len) - 1.0
    tolerance = max(_FINEST, 0.005 * float(np.sqrt(region.sum())))
    simple = _simplified(outline, tolerance)
    while len(simple) > _MOST_VERTICES:
        tolerance *= 1.5
        simple = _simplified(outline, tolerance)
    return simple


def _simplified(outline: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Fewer vertices; the outline itself if only a line would be left."""
    simple = np.asarray(approximate_polygon(outline, tolerance))
    return simple if len(simple) > 3 else outline
