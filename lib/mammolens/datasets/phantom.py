"""Seeded phantom examinations: four views that look like mammograms, with known lesions and exact masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from mammolens.datasets.base import Lesion
from mammolens.datasets.phantom_anatomy import BreastShape, draw_shape, trace
from mammolens.datasets.phantom_lesions import (
    PhantomLesion,
    PhantomLesionKind,
    draw_centre,
    outline,
    render_lesion,
)
from mammolens.datasets.phantom_position import AS_DRAWN, Position, draw_position
from mammolens.datasets.phantom_texture import render_tissue
from mammolens.enums import Laterality, ViewPosition
from mammolens.types import BoolImage, FloatImage

STANDARD_VIEWS = (
    (Laterality.RIGHT, ViewPosition.CC),
    (Laterality.LEFT, ViewPosition.CC),
    (Laterality.RIGHT, ViewPosition.MLO),
    (Laterality.LEFT, ViewPosition.MLO),
)
_NOISE = 0.012  # standard deviation of the quantum noise, in grey levels of [0, 1]
_DENSITIES = (0.1, 0.8)  # from almost entirely fat to extremely dense
_FIRST_YEAR, _YEARS_BETWEEN = 2020, 2
_SHAPE, _DENSITY, _TISSUE, _QUANTA, _LESION, _POSITION = range(6)  # what a random stream is for


@dataclass(frozen=True, slots=True, eq=False)
class PhantomView:
    """One view and its truth; a left breast has its chest wall at the left edge, a right one at the right edge.

    Attributes:
        laterality: of the breast.
        view: CC or MLO.
        pixels: ``(rows, cols)`` float32 in [0, 1], 0 = air, brighter = denser.
        breast_mask: ``(rows, cols)`` bool, inside the skin line.
        lesion_mask: ``(rows, cols)`` bool, exact.
        shape: nipple, lower fold and muscle in mm, chest wall at the left.
        lesions: the ellipse around each lesion.
        position: how the breast is compressed and placed, compared with the first visit.
    """

    laterality: Laterality
    view: ViewPosition
    pixels: FloatImage
    breast_mask: BoolImage
    lesion_mask: BoolImage
    shape: BreastShape
    lesions: tuple[Lesion, ...] = ()
    position: Position = AS_DRAWN


@dataclass(frozen=True, slots=True, eq=False)
class PhantomExam:
    """One examination of one fictitious patient.

    ``spacing`` is the pixel's size (between rows, between columns) in mm; ``views`` are R CC, L CC, R MLO, L MLO;
    ``visit`` counts the patient's examinations from 0.
    """

    seed: int
    spacing: tuple[float, float]
    inserted: tuple[PhantomLesion, ...]
    views: tuple[PhantomView, ...]
    visit: int = 0

    @property
    def patient_id(self) -> str:
        """``PHANTOM-<seed>``."""
        return f"PHANTOM-{self.seed}"

    @property
    def study_date(self) -> date:
        """The first of January 2020, and two years later at each visit."""
        return date(_FIRST_YEAR + _YEARS_BETWEEN * self.visit, 1, 1)


def make_phantom_exam(
    seed: int,
    *,
    lesions: Sequence[PhantomLesion] = (),
    rows: int = 1024,
    columns: int = 832,
    spacing: tuple[float, float] = (0.25, 0.25),
    visit: int = 0,
) -> PhantomExam:
    """Make the four standard views of one examination.

    The same seed gives the same patient: images with and without lesions agree outside the lesions. About 0.15 s
    per view at the default size and 3 s at 4096 x 3328 (spacing 0.065).

    Args:
        seed: 0 or more.
        lesions: to insert, each in both views of its breast.
        rows: of each image.
        columns: of each image.
        spacing: pixel size in mm, between rows and between columns; the field of view should be about
            260 x 210 mm, as breasts are sized to fill it.
        visit: another one shows the same tissue, compressed and placed a little differently, with noise of its own.
            Lesions stay at their places in the tissue; give them another diameter to let them grow.

    Example:
        >>> first, later = (make_phantom_exam(3, rows=64, columns=52, spacing=(4, 4), visit=n) for n in (0, 1))
        >>> first.patient_id == later.patient_id, later.study_date.isoformat()
        (True, '2022-01-01')
    """
    views = tuple(
        _make_view(_Streams(seed, laterality, view), lesions, (rows, columns), spacing, visit)
        for laterality, view in STANDARD_VIEWS
    )
    return PhantomExam(seed, spacing, tuple(lesions), views, visit)


@dataclass(frozen=True, slots=True)
class _Streams:
    """Independent random streams of one seed, so that a lesion changes nothing but itself."""

    seed: int
    laterality: Laterality
    view: ViewPosition

    def of_woman(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])

    def of_breast(self, stream: int, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream, 1 + list(Laterality).index(self.laterality), number])

    def of_view(self, stream: int, number: int = 0) -> np.random.Generator:
        side, position = list(Laterality).index(self.laterality), list(ViewPosition).index(self.view)
        return np.random.default_rng([self.seed, stream, 1 + side, number, 1 + position])


def _make_view(
    streams: _Streams,
    lesions: Sequence[PhantomLesion],
    grid: tuple[int, int],
    spacing: tuple[float, float],
    visit: int,
) -> PhantomView:
    extent = (grid[0] * spacing[0], grid[1] * spacing[1])
    shape = draw_shape(streams.view, extent, streams.of_woman(_SHAPE), streams.of_breast(_SHAPE))
    anatomy = trace(shape, grid, spacing)
    density = float(streams.of_woman(_DENSITY).uniform(*_DENSITIES))
    tissue = render_tissue(anatomy, spacing, density, streams.of_view(_TISSUE))
    mine = [lesion for lesion in lesions if lesion.laterality is streams.laterality]
    added = []
    for number, lesion in enumerate(mine):
        here = streams.of_view(_LESION, number)
        centre = draw_centre(shape, streams.of_breast(_LESION, number), here)
        added.append(render_lesion(lesion, centre, grid, spacing, here) * anatomy.breast)
    breast = anatomy.breast
    position = draw_position(shape, streams.of_view(_POSITION, visit)) if visit else AS_DRAWN
    if visit:
        tissue, *added = (position.placed(one, spacing) for one in (tissue, *added))
        breast = position.placed(breast.astype(np.float32), spacing) > 0.5
        shape = position.shape(shape)
    noise = _NOISE * streams.of_view(_QUANTA, visit).standard_normal(grid, dtype=np.float32)
    pixels = np.clip(sum(added, tissue) + noise, 0, 1) * breast
    masks = [outline(one, breast) for one in added]
    kinds = [lesion.kind for lesion in mine]
    view = _turned(streams, shape, pixels.astype(np.float32), breast, masks, kinds)
    return replace(view, position=position)


def _turned(
    streams: _Streams,
    shape: BreastShape,
    pixels: FloatImage,
    breast: BoolImage,
    masks: Sequence[BoolImage],
    kinds: Sequence[PhantomLesionKind],
) -> PhantomView:
    """The view with its chest wall where it belongs, given maps that have it at the left."""
    columns = slice(None, None, -1 if streams.laterality is Laterality.RIGHT else 1)
    lesion = np.any([np.zeros_like(breast), *masks], axis=0)
    return PhantomView(
        laterality=streams.laterality,
        view=streams.view,
        pixels=np.ascontiguousarray(pixels[:, columns]),
        breast_mask=np.ascontiguousarray(breast[:, columns]),
        lesion_mask=np.ascontiguousarray(lesion[:, columns]),
        shape=shape,
        lesions=tuple(
            Lesion.around(mask[:, columns], kind=kind.value) for mask, kind in zip(masks, kinds, strict=True)
        ),
    )
