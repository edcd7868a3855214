"""Scores of different machines and views made comparable: robust standard deviations of normal images.

A chain of affine steps, each estimated on what the steps before it left: all images, then the view, the
acquisition group, and the two together. A factor that is unknown leaves the score as it is, so an unknown machine
is standardised by view alone. The patient is the unit: a patient's images in a cell have a total weight of one.

Of a cell with ``n`` patients, median ``m`` and spread ``s`` (median absolute deviation x 1.4826):

* location ``w m`` with ``w = n / (n + n0)`` and ``n0 = (pi / 2) scale^2 / between^2``: partial pooling towards 0,
  the parent, the less the cells of this factor differ (``between``, by the method of moments) and the more
  uncertain a median of ``n`` patients is (``pi / 2`` times the variance of a mean);
* scale ``s^v typical^(1 - v)`` with ``v = (n - 1) / (n - 1 + 10)``: pooled towards the typical spread within the
  cells of this factor, because few patients say little about a spread, and one says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mammolens.config import Standardise

_Scores = NDArray[np.float64]
_Patients = NDArray[np.int64]
_Members = dict[Hashable, list[int]]
_Value = TypeVar("_Value", _Scores, np.float64)
_Factor = Callable[["Acquisition"], Hashable | None]

_MAD_TO_STD = 1.4826  # of a normal distribution
_MEDIAN_VARIANCE = math.pi / 2  # of a median, in variances of a mean, of a normal distribution
_SPREAD_PATIENTS = 10.0  # degrees of freedom that the typical spread of a factor weighs


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Where a score comes from; ``None`` where it is not known."""

    acquisition_group: str | None
    view: str | None


@dataclass(frozen=True, slots=True)
class _Cell:
    location: float
    scale: float
    patients: int

    def standardised(self, scores: _Value) -> _Value:
        return (scores - self.location) / self.scale


@dataclass(frozen=True, slots=True)
class Standardisation:
    """Affine steps from the network's own score to robust standard deviations of normal images.

    Attributes:
        steps: each a factor and the cell of each of its values.
    """

    steps: tuple[tuple[_Factor, Mapping[Hashable, _Cell]], ...]

    @classmethod
    def fit(
        cls, scores: _Scores, patients: _Patients, sources: Sequence[Acquisition], by: Standardise
    ) -> Standardisation:
        """Learn from normal images.

        Args:
            scores: ``(n,)`` finite, of the network.
            patients: ``(n,)`` who each score is of.
            sources: n machines and views.
            by: the factors to standardise by; 'none' leaves scores as they are.
        """
        steps: list[tuple[_Factor, Mapping[Hashable, _Cell]]] = []
        left = scores.astype(np.float64)
        for factor in _FACTORS[by]:
            members = _members([factor(source) for source in sources])
            cells = _cells(left, patients, members, shrink=bool(steps))
            for value, places in members.items():
                left[places] = cells[value].standardised(left[places])
            steps.append((factor, cells))
        return cls(tuple(steps))

    def score(self, raw_score: float, source: Acquisition) -> float:
        """The standardised score of an image that the scale was not estimated from."""
        left = np.float64(raw_score)
        for factor, cells in self.steps:
            cell = cells.get(factor(source))
            left = left if cell is None else cell.standardised(left)
        return float(left)


def leave_one_out(
    scores: _Scores, patients: _Patients, sources: Sequence[Acquisition], by: Standardise
) -> NDArray[np.float64]:
    """Each patient's scores standardised by all *other* patients, as a new patient's are by all of these.

    Exact: no score contributes to its own standardisation, neither a new patient's nor one of these, and within a
    machine all are treated by the same rule. Approximate: a new patient is compared with one patient more than each
    of these, and the standardisations of two patients share all others, so that p-values of these scores are
    exchangeable up to the influence of one patient on a median. The scores of
    a single patient are standardised by themselves.

    Returns:
        ``(n,)`` float64, in the order of the scores.
    """
    if by == "none" or len(np.unique(patients)) < 2:
        fitted = Standardisation.fit(scores, patients, sources, by)
        return np.array([fitted.score(float(score), source) for score, source in zip(scores, sources, strict=True)])
    standardised = np.empty(len(scores))
    for patient in np.unique(patients):
        own = patients == patient
        others = [source for source, mine in zip(sources, own, strict=True) if not mine]
        fitted = Standardisation.fit(scores[~own], patients[~own], others, by)
        for place in np.flatnonzero(own):
            standardised[place] = fitted.score(float(scores[place]), sources[place])
    return standardised


def _everyone(_: Acquisition) -> Hashable:
    return "all"


def _view(source: Acquisition) -> Hashable | None:
    return source.view


def _group(source: Acquisition) -> Hashable | None:
    return source.acquisition_group


def _group_and_view(source: Acquisition) -> Hashable | None:
    known = source.acquisition_group is not None and source.view is not None
    return (source.acquisition_group, source.view) if known else None


_FACTORS: Mapping[Standardise, tuple[_Factor, ...]] = {
    "none": (),
    "acquisition_group": (_everyone, _group),
    "acquisition_group_view": (_everyone, _view, _group, _group_and_view),
}


def _members(values: Sequence[Hashable | None]) -> _Members:
    """The indices of each known value."""
    members: _Members = {}
    for place, value in enumerate(values):
        if value is not None:
            members.setdefault(value, []).append(place)
    return members


def _cells(scores: _Scores, patients: _Patients, members: _Members, *, shrink: bool) -> dict[Hashable, _Cell]:
    """Location and scale of each value of a factor; ``shrink`` towards the parent's 0 and the typical scale."""
    own = {value: _own(scores[places], patients[places]) for value, places in members.items()}
    if not shrink:
        return {value: replace(cell, scale=cell.scale or 1.0) for value, cell in own.items()}
    typical = _typical_spread(scores, patients, members, own) or 1.0
    scaled = {value: replace(cell, scale=_pooled_scale(cell, typical)) for value, cell in own.items()}
    between = _variance_between(list(scaled.values()))
    return {value: replace(cell, location=_pooled_location(cell, between)) for value, cell in scaled.items()}


def _own(scores: _Scores, patients: _Patients) -> _Cell:
    """Median and spread of one cell, each patient with weight one; spread 0 if the cell is empty."""
    weights = _weights(patients)
    count = len(np.unique(patients))
    median = _median(scores, weights)
    deviations = np.abs(scores - median)
    spread = _MAD_TO_STD * _median(deviations, weights) * _few(count)
    # More than half of the patients have the same score; the mean deviation still separates the others.
    return _Cell(median, spread or float(np.average(deviations, weights=weights)), count)


def _typical_spread(scores: _Scores, patients: _Patients, members: _Members, own: Mapping[Hashable, _Cell]) -> float:
    """Spread within the cells, of all their patients together; cells of one patient do not count."""
    deviations, weights = [], []
    for value, places in members.items():
        cell = own[value]
        if cell.patients > 1:
            deviations.append(np.abs(scores[places] - cell.location) * _few(cell.patients))
            weights.append(_weights(patients[places]))
    return _MAD_TO_STD * _median(np.concatenate(deviations), np.concatenate(weights)) if deviations else 0.0


def _pooled_scale(cell: _Cell, typical: float) -> float:
    if not cell.scale:
        return typical
    share = (cell.patients - 1) / (cell.patients - 1 + _SPREAD_PATIENTS)
    return math.exp(share * math.log(cell.scale) + (1 - share) * math.log(typical))


def _variance_between(cells: Sequence[_Cell]) -> float:
    """Variance of the cells' true locations: that of the medians less what their uncertainty makes of it."""
    if len(cells) < 2:
        return 0.0
    sampling = np.mean([_MEDIAN_VARIANCE * cell.scale**2 / cell.patients for cell in cells])
    return max(0.0, float(np.var([cell.location for cell in cells], ddof=1) - sampling))


def _pooled_location(cell: _Cell, between: float) -> float:
    uncertainty = _MEDIAN_VARIANCE * cell.scale**2 / cell.patients
    return cell.location * between / (between + uncertainty)


def _few(patients: int) -> float:
    """Corrects the median absolute deviation of few patients, too small on average (Croux and Rousseeuw 1992)."""
    return patients / (patients - 0.8)


def _weights(patients: _Patients) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(patients, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[inverse], dtype=np.float64)


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Weighted median, the middle of the two in the middle where half the weight lies on either side."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    low, high = np.searchsorted(share, [0.5 - 1e-9, 0.5 + 1e-9])
    return float((values[order[low]] + values[order[min(high, len(order) - 1)]]) / 2)
