"""Figures of merit for localisation: pixel AUROC, the strongest spot, FROC; statistics over images for a bootstrap.

Each function takes the localisations of n images and gives a statistic of weights ``(m, n)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mammolens.evaluation.localisation import NO_LESION, Localisation
from mammolens.evaluation.metrics import Weights
from mammolens.evaluation.scored import Bools, Floats

Statistic = Callable[[Weights], Floats]
FALSE_POSITIVES_PER_IMAGE: Final = (0.25, 0.5, 1.0, 2.0, 4.0)  # a image, where sensitivity is read off


def pixel_auroc(places: Sequence[Localisation]) -> Statistic:
    """AUROC of all pixels of all images together: on a lesion against elsewhere in the breast."""
    outside, inside = _histograms(places)
    return lambda weights: _area(weights @ outside, weights @ inside)


def pixel_auroc_within(places: Sequence[Localisation]) -> Statistic:
    """Mean over the images of each one's own pixel AUROC: a brighter image earns nothing."""
    outside, inside = _histograms(places)
    areas = _area(outside, inside)
    known = np.isfinite(areas)
    return lambda weights: _ratio(weights[..., known] @ areas[known], weights[..., known].sum(axis=-1))


def hit_rate(places: Sequence[Localisation]) -> Statistic:
    """Share of the images whose map is highest on a lesion."""
    hits = np.array([place.hit for place in places], dtype=np.float64)
    return lambda weights: _ratio(weights @ hits, weights.sum(axis=-1))


def froc(places: Sequence[Localisation], false_positives_per_image: float) -> Statistic:
    """Share of the lesions that are marked at the lowest threshold with at most ``false_positives_per_image`` an image.

    A mark is a peak of the map; it finds the lesion on which it lies. False marks are counted on all images
    (Bunch et al. 1978). Marks of equal value count together.
    """

    def statistic(weights: Weights) -> Floats:
        false, found = froc_curve(places, weights)
        at = (false <= false_positives_per_image + 1e-9).sum(axis=-1, keepdims=True) - 1
        return np.asarray(np.take_along_axis(found, at, axis=-1)[..., 0])

    return statistic


def froc_curve(places: Sequence[Localisation], weights: Weights) -> tuple[Floats, Floats]:
    """False marks an image and share of lesions found, both rising from 0, at each threshold, ``(m, thresholds)``."""
    values, image, is_hit = _first_marks(places)
    order = np.argsort(-values, kind="stable")
    values, image, is_hit = values[order], image[order], is_hit[order]
    ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1) if len(values) else np.empty(0, np.intp)
    of_image = np.asarray(weights, np.float64)
    of_mark = of_image[..., image]
    false, found = (np.cumsum(of_mark * keep, axis=-1)[..., ends] for keep in (~is_hit, is_hit))
    lesions = np.asarray(of_image @ np.array([place.lesions for place in places], dtype=np.float64))
    start = np.zeros((*of_mark.shape[:-1], 1))
    rates = [np.concatenate([start, part], axis=-1) for part in (false, found)]
    return _ratio(rates[0], of_image.sum(axis=-1)[..., None]), _ratio(rates[1], lesions[..., None])


def _first_marks(places: Sequence[Localisation]) -> tuple[Floats, NDArray[np.intp], Bools]:
    """All false marks and each lesion's highest mark: value, image and whether it lies on a lesion, ``(marks,)``."""
    rows: list[tuple[float, int, bool]] = []
    for number, place in enumerate(places):
        found: set[int] = set()
        for value, lesion in place.marks:
            if lesion == NO_LESION or lesion not in found:
                rows.append((value, number, lesion != NO_LESION))
            found.add(lesion)
    values, image, is_hit = ([row[column] for row in rows] for column in range(3))
    return np.array(values, np.float64), np.array(image, np.intp), np.array(is_hit, np.bool_)


def _histograms(places: Sequence[Localisation]) -> tuple[Floats, Floats]:
    """Pixels outside and on lesions in bins common to all images, ``(n, bins)`` each."""
    keys = np.unique(np.concatenate([np.array(place.bins, np.int64) for place in places] or [np.empty(0, np.int64)]))
    outside, inside = np.zeros((len(places), len(keys))), np.zeros((len(places), len(keys)))
    for row, place in enumerate(places):
        if any(place.inside):  # a lesion beyond the mask leaves nothing to tell from the rest
            columns = np.searchsorted(keys, place.bins)
            outside[row, columns], inside[row, columns] = place.outside, place.inside
    return outside, inside


def _area(outside: Floats, inside: Floats) -> Floats:
    """P(on a lesion > elsewhere) + P(same bin) / 2 of histograms ``(..., bins)``."""
    below = np.cumsum(outside, axis=-1) - outside / 2
    won = (inside * below).sum(axis=-1)
    return _ratio(won, outside.sum(axis=-1) * inside.sum(axis=-1))


def _ratio(part: Floats, whole: Floats) -> Floats:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
