"""Figures of merit, for one sample or for many resamples at once.

Each takes ``abnormal`` ``(n,)`` bool, ``scores`` ``(n,)`` float64, finite, growing with deviation, and
``weights`` ``(..., n)`` >= 0 or ``None`` for one each; it returns float64 of the leading shape, NaN where
undefined. A bootstrap resample is a row of integer weights, so sorting once serves all resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammolens.evaluation.scored import Bools, Floats, Texts

Weights = NDArray[Any]


class Metric(StrEnum):
    """The metrics of a report; those without a level in their name are of images."""

    AUROC = "auroc"
    AUROC_WITHIN_SITES = "auroc_within_sites"
    AUROC_BREAST = "auroc_breast"
    AUROC_EXAM = "auroc_exam"
    AUROC_EXAM_P_VALUE = "auroc_exam_p_value"
    AUPRC = "auprc"
    AUPRC_BREAST = "auprc_breast"
    AUPRC_EXAM = "auprc_exam"
    SENSITIVITY_AT_90 = "sensitivity_at_90_specificity"
    SENSITIVITY_AT_95 = "sensitivity_at_95_specificity"
    FALSE_POSITIVE_RATE = "false_positive_rate"
    SENSITIVITY = "sensitivity"
    FALSE_POSITIVE_RATE_EXAM = "false_positive_rate_exam"
    SENSITIVITY_EXAM = "sensitivity_exam"


def auroc(abnormal: Bools, scores: Floats, weights: Weights | None = None) -> Floats:
    """Area under the ROC curve: P(abnormal > normal) + P(tie) / 2 (Hanley and McNeil 1982)."""
    normals, abnormals = cumulated(abnormal, scores, weights)
    return _ratio(_won(normals, abnormals), normals[..., -1] * abnormals[..., -1])


def auroc_within(abnormal: Bools, scores: Floats, groups: Texts, weights: Weights | None = None) -> Floats:
    """AUROC over pairs of the same group only, so that a difference between groups (sites) earns nothing.

    Covariate-adjusted AUROC for a discrete covariate, weighted by pairs (Janes and Pepe 2009).
    """
    weights = _weights(abnormal, weights)
    won, pairs = np.zeros(weights.shape[:-1]), np.zeros(weights.shape[:-1])
    for group in np.unique(groups):
        rows = groups == group
        normals, abnormals = cumulated(abnormal[rows], scores[rows], weights[..., rows])
        won += _won(normals, abnormals)
        pairs += normals[..., -1] * abnormals[..., -1]
    return _ratio(won, pairs)


def auprc(abnormal: Bools, scores: Floats, weights: Weights | None = None) -> Floats:
    """Average precision, the step-wise area under the precision-recall curve; chance is the share of abnormals."""
    normals, abnormals = cumulated(abnormal, scores, weights)
    gained = np.diff(abnormals, axis=-1)
    true = abnormals[..., -1:] - abnormals[..., :-1]
    false = normals[..., -1:] - normals[..., :-1]
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true + false > 0)
    return _ratio((gained * precision).sum(axis=-1), np.where(normals[..., -1] > 0, abnormals[..., -1], 0))


def sensitivity_at_specificity(
    abnormal: Bools, scores: Floats, specificity: float, weights: Weights | None = None
) -> Floats:
    """Share of abnormals above the lowest normal score at or below which ``specificity`` of the normals lie.

    An abnormal that ties with that score is not counted, so the specificity is at least the one asked for.
    """
    return sensitivities_at(abnormal, scores, [specificity], weights)[..., 0]


def sensitivities_at(
    abnormal: Bools, scores: Floats, specificities: Sequence[float] | Floats, weights: Weights | None = None
) -> Floats:
    """:func:`sensitivity_at_specificity` for each of k specificities, ``(..., k)``: a conservative ROC curve."""
    normals, abnormals = cumulated(abnormal, scores, weights)
    defined = (normals[..., -1] > 0) & (abnormals[..., -1] > 0)
    result = np.empty((*defined.shape, len(specificities)))
    for at, specificity in enumerate(specificities):
        wanted = (specificity - 1e-9) * normals[..., -1:]
        ties = np.minimum((normals < wanted).sum(axis=-1, keepdims=True), normals.shape[-1] - 1)
        below = np.take_along_axis(abnormals, ties, axis=-1)[..., 0]
        result[..., at] = _ratio(abnormals[..., -1] - below, np.where(defined, abnormals[..., -1], 0))
    return result


def missed_when_set_aside(abnormal: Bools, scores: Floats, share: float, weights: Weights | None = None) -> Floats:
    """Share of the abnormals that go with the lowest-scoring ``share`` of the normals, ties included."""
    return np.asarray(1 - sensitivity_at_specificity(abnormal, scores, share, weights))


def flagged_share(flagged: Bools, among: Bools, weights: Weights | None = None) -> Floats:
    """Share of the rows ``among`` that are flagged: the sensitivity, or among normals the false-positive rate."""
    weights = _weights(among, weights)
    return _ratio(weights[..., flagged & among].sum(axis=-1), weights[..., among].sum(axis=-1))


def cumulated(abnormal: Bools, scores: Floats, weights: Weights | None = None) -> tuple[Floats, Floats]:
    """Weight of the normals and of the abnormals at or below each distinct score, ascending, after a leading 0."""
    weights = _weights(abnormal, weights)
    order = np.argsort(scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1) if len(order) else np.empty(0, np.intp)
    ordered, positive = weights[..., order].astype(np.float64, copy=False), abnormal[order]
    sums = [np.cumsum(np.where(keep, ordered, 0.0), axis=-1)[..., ends] for keep in (~positive, positive)]
    start = np.zeros((*ordered.shape[:-1], 1))
    return np.concatenate([start, sums[0]], axis=-1), np.concatenate([start, sums[1]], axis=-1)


def _won(normals: Floats, abnormals: Floats) -> Floats:
    halves: Floats = (normals[..., 1:] + normals[..., :-1]) / 2
    return np.asarray((halves * np.diff(abnormals, axis=-1)).sum(axis=-1))


def _weights(rows: Bools, weights: Weights | None) -> Weights:
    return np.ones(rows.shape) if weights is None else weights


def _ratio(part: Floats, whole: Floats) -> Floats:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
