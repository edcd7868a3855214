"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass

from mammolens.evaluation.bootstrap import Interval
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.scored import Fusion


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many are normal and how many abnormal."""

    normal: int
    abnormal: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Who was measured; a patient, breast or exam is abnormal when any of its images is."""

    images: ClassCount
    patients: ClassCount
    breasts: ClassCount
    exams: ClassCount


@dataclass(frozen=True, slots=True)
class Comparison:
    """AUROC of the model and of a baseline on the images for which the baseline is known."""

    baseline: str
    images: ClassCount
    model_auroc: Interval
    baseline_auroc: Interval
    difference: Interval


@dataclass(frozen=True, slots=True)
class GroupResult:
    """The figures of all images, or of those of one site."""

    name: str
    counts: Counts
    metrics: dict[Metric, Interval]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured, and how.

    Attributes:
        groups: 'all' first, then each site.
        alpha: false-positive rate that the model promises.
        level: of the intervals.
        caveats: what a reader must know before quoting a figure.
    """

    groups: tuple[GroupResult, ...]
    alpha: float
    fusion: Fusion
    n_bootstrap: int
    seed: int
    level: float
    caveats: tuple[str, ...]
