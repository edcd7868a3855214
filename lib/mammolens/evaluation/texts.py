"""Intervals and metrics in words, the same on the page, in figures and on the command line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from mammolens.evaluation.bootstrap import Interval
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.results import Evaluation, GroupResult, MapResult, MemberResult

LABELS: Final[Mapping[Metric, str]] = MappingProxyType(
    {
        Metric.AUROC: "AUROC, images",
        Metric.AUROC_WITHIN_SITES: "AUROC, images, pairs within sites",
        Metric.AUROC_BREAST: "AUROC, breasts",
        Metric.AUROC_EXAM: "AUROC, exams",
        Metric.AUROC_EXAM_P_VALUE: "AUROC, exams by p-value",
        Metric.AUPRC: "AUPRC, images",
        Metric.AUPRC_BREAST: "AUPRC, breasts",
        Metric.AUPRC_EXAM: "AUPRC, exams",
        Metric.SENSITIVITY_AT_90: "Sensitivity at 90 % specificity",
        Metric.SENSITIVITY_AT_95: "Sensitivity at 95 % specificity",
        Metric.FALSE_POSITIVE_RATE: "False-positive rate at the threshold, images",
        Metric.SENSITIVITY: "Sensitivity at the threshold, images",
        Metric.FALSE_POSITIVE_RATE_EXAM: "False-positive rate at the threshold, exams",
        Metric.SENSITIVITY_EXAM: "Sensitivity at the threshold, exams",
    }
)
UNDEFINED: Final = "n/a"
_SHARES: Final = frozenset(
    {
        Metric.SENSITIVITY_AT_90,
        Metric.SENSITIVITY_AT_95,
        Metric.FALSE_POSITIVE_RATE,
        Metric.SENSITIVITY,
        Metric.FALSE_POSITIVE_RATE_EXAM,
        Metric.SENSITIVITY_EXAM,
    }
)


def interval_text(interval: Interval, *, percent: bool = False, signed: bool = False) -> str:
    """An interval as '0.624 [0.57, 0.68]', '41.3 % [36.2, 46.9]' or '+0.031 [-0.02, +0.08]'."""
    if not math.isfinite(interval.value):
        return UNDEFINED
    scale, unit, digits, fewer = (100, " %", 1, 1) if percent else (1, "", 3, 2)
    sign = "+" if signed else ""
    value, low, high = (scale * number for number in (interval.value, interval.low, interval.high))
    text = f"{value:{sign}.{digits}f}{unit}"
    return f"{text} [{low:{sign}.{fewer}f}, {high:{sign}.{fewer}f}]" if math.isfinite(low) else text


def metric_text(group: GroupResult, metric: Metric) -> str:
    """The figure of a group as text; 'n/a' where it is undefined or was not measured."""
    interval = group.metrics.get(metric)
    return UNDEFINED if interval is None else interval_text(interval, percent=metric in _SHARES)


def rows(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """What a command prints as (group, metric, text), the text like '0.624 [0.57, 0.68]', in the order of reading."""
    groups = [line for group in evaluation.groups for line in _group_rows(group)]
    members = [line for found in evaluation.members for line in _member_rows(found)]
    return [*groups, *members, *(line for found in evaluation.maps for line in _map_rows(found))]


def _member_rows(found: MemberResult) -> Iterator[tuple[str, str, str]]:
    name = f"member: {found.name}"
    yield name, "AUROC of the member alone", interval_text(found.alone)
    note = "" if found.helps else "; does not help on these images"
    yield name, "AUROC, ensemble without it minus ensemble", interval_text(found.change, signed=True) + note


def _map_rows(found: MapResult) -> Iterator[tuple[str, str, str]]:
    name = f"map: {found.name}"
    yield name, "AUROC, pixels on lesions vs. the rest", interval_text(found.pixel_auroc)
    yield name, "Strongest spot on a lesion", interval_text(found.hit_rate, percent=True)


def _group_rows(group: GroupResult) -> Iterator[tuple[str, str, str]]:
    for metric, label in LABELS.items():
        if metric in group.metrics:
            yield group.name, label, metric_text(group, metric)
    for found in group.comparisons:
        yield group.name, f"AUROC of {found.baseline} alone", interval_text(found.baseline_auroc)
        yield group.name, f"AUROC, model minus {found.baseline}", interval_text(found.difference, signed=True)
