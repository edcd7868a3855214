"""Straight edges across the breast beyond which an image holds nothing, as broken transfers leave them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from mammolens.types import BoolImage, FloatImage

_SMALLEST_SHARE: Final = 0.1  # of the rows or columns; margins of detectors and collimators are narrower
_WIDEST_FILM_MARGIN: Final = 0.35  # of the columns, beside the chest wall; mini-MIAS has up to 0.30
_STRAIGHT: Final = 0.5  # of the breast's greatest extent; where a breast ends by itself, its last lines have less
_THIN: Final = 0.05  # of the lines; what is thinner is the edge of a paddle
_NO_TISSUE: Final = 0.02  # of the same
_DEPTH: Final = 0.001  # of the lines: how far inside the breast's edge that is measured
_BLOCK: Final = 8  # lines beyond the edge to which JPEG spreads some noise
_EQUAL: Final = 2.5 / 255  # greys that differ less are one; lossy compression makes them of one
_SAMPLES: Final = 320  # pixels of a line that are looked at
_FRAME: Final = 0.02  # of a line, at both of its ends


@dataclass(frozen=True, slots=True)
class MissingPart:
    """Lines without content that end straight across the breast.

    Attributes:
        lines: ``'rows'`` or ``'columns'``.
        share: of the image's lines, in (0, 1); of the largest part if there are several.
        is_most: whether more lines are missing than the breast has left.
    """

    lines: str
    share: float
    is_most: bool


def missing_part(pixels: FloatImage, *, may_be_film: bool) -> MissingPart | None:
    """The part of the breast that is cut off; ``None`` if the breast is complete or ends at the image's edge.

    Args:
        pixels: ``(rows, cols)`` in [0, 1], brighter denser; the missing part may have any single grey.
        may_be_film: whether a black margin may lie between image edge and chest wall, as in digitised films.

    Example:
        >>> disc = np.hypot(*np.ogrid[-1:1:200j, 0:2:200j]) < 0.8
        >>> disc[100:] = False
        >>> missing_part(disc.astype(np.float32), may_be_film=False)
        MissingPart(lines='rows', share=0.5, is_most=True)
    """
    row_step, column_step = (max(1, size // _SAMPLES) for size in pixels.shape)
    rows = _missing_lines(np.ascontiguousarray(pixels[:, ::column_step]), "rows", _SMALLEST_SHARE)
    margin = _WIDEST_FILM_MARGIN if may_be_film else _SMALLEST_SHARE
    columns = _missing_lines(np.ascontiguousarray(pixels[::row_step].T), "columns", margin)
    return max((part for part in (rows, columns) if part), key=lambda part: part.share, default=None)


def _missing_lines(lines: FloatImage, name: str, margin: float) -> MissingPart | None:
    """Of ``(lines, pixels)``; up to ``margin`` of them may be at a chest wall, which is naturally straight."""
    count, frame = len(lines), round(_FRAME * lines.shape[1])
    lines = lines[:, frame : lines.shape[1] - frame]
    is_empty = np.ptp(lines, axis=1) <= _EQUAL
    if is_empty.all() or not is_empty.any():
        return None
    extents = _extents(lines, is_empty)
    begins_straight = partial(_begins_straight, count=count)
    fills_edges = begins_straight(extents) or begins_straight(extents[::-1])
    missing = []
    for start, end in _runs(is_empty):
        at_edge = start == 0 or end == count
        least = margin if at_edge and not fills_edges else _SMALLEST_SHARE
        ends_straight = (start == 0 or begins_straight(extents[:start][::-1])) and (
            end == count or begins_straight(extents[end:])
        )
        is_one_grey = np.ptp(lines[start:end]) <= _EQUAL  # the air of a film gets brighter from line to line
        if ends_straight and is_one_grey and end - start > least * count:
            missing.append(end - start)
    if not missing:
        return None
    shown = int(np.count_nonzero(extents > _NO_TISSUE))
    return MissingPart(name, max(missing) / count, sum(missing) >= shown)


def _begins_straight(extents: NDArray[np.floating[Any]], count: int) -> bool:
    """Whether the first line with tissue, of ``count`` in the image, is near and reaches across the breast at once."""
    near = np.flatnonzero(extents[: _BLOCK + 1] > _NO_TISSUE)
    if not len(near):
        return False
    depth, thick = (max(1, round(share * count)) for share in (_DEPTH, _THIN))
    body = extents[near[0] + depth : near[0] + thick]
    return bool(len(body) and body[0] >= _STRAIGHT and body.min() > _NO_TISSUE)


def _extents(lines: FloatImage, is_empty: BoolImage) -> NDArray[np.floating[Any]]:
    """Tissue of each line, as a share of the longest lines'."""
    filled = lines[~is_empty]
    threshold = 0.5 * threshold_otsu(filled[:: max(1, len(filled) // _SAMPLES)])
    pixels = np.where(is_empty, 0, np.count_nonzero(lines > threshold, axis=1))
    return np.asarray(pixels / max(1.0, float(np.quantile(pixels[~is_empty], 0.98))))


def _runs(is_empty: BoolImage) -> Iterator[tuple[int, int]]:
    """Where stretches of empty lines begin and end."""
    steps = np.diff(np.concatenate(([0], is_empty.astype(np.int8), [0])))
    return zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True)
