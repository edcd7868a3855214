"""The results of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from mammolens.config import FusionConfig, MembersConfig
from mammolens.evaluation.bootstrap import Interval
from mammolens.evaluation.decision_rule import CONFORMAL, DecisionRule
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.scored import Unit


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many are normal and how many abnormal."""

    normal: int
    abnormal: int


@dataclass(frozen=True, slots=True)
class ClassMean:
    """A mean over the normal and one over the abnormal, NaN if there is none or it is unknown."""

    normal: float
    abnormal: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Who was measured; a patient, breast or exam is abnormal when any of its images is.

    Attributes:
        images_per_exam: mean over exams, by class of the exam.
        breasts_per_exam: the same for exams with an image whose laterality is known.
    """

    images: ClassCount
    patients: ClassCount
    breasts: ClassCount
    exams: ClassCount
    images_per_exam: ClassMean
    breasts_per_exam: ClassMean


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
class FalsePositiveControl:
    """The realised false-positive rate among the normals of a group, and its nominal band.

    Attributes:
        count: normal images or exams.
        realised: share of them that is flagged.
        low: lower end of the band, by :meth:`DecisionRule.rate_band`; 0 if the rate is meant to lie below the nominal
            one.
        high: upper end.
    """

    group: str
    unit: Unit
    patients: int
    count: int
    realised: float
    low: float
    high: float

    @property
    def within_band(self) -> bool:
        """Whether the realised rate lies within the band."""
        return self.low <= self.realised <= self.high


@dataclass(frozen=True, slots=True)
class TriagePoint:
    """What it costs to set aside the exams that look most normal.

    Attributes:
        set_aside: share of the normal exams, the lowest scores first.
        missed: share of the abnormal exams that score no higher and would be set aside with them.
    """

    set_aside: float
    missed: Interval


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Images that share one trait, such as density B; ``dimension`` names the trait."""

    dimension: str
    name: str
    images: ClassCount
    patients: ClassCount
    auroc: Interval
    false_positive_rate: Interval
    sensitivity: Interval


@dataclass(frozen=True, slots=True)
class FrocPoint:
    """Share of the lesions found at a number of false positives per image."""

    false_positives_per_image: float
    found: Interval


@dataclass(frozen=True, slots=True)
class MapResult:
    """How well one map's heat lies on the marked lesions.

    Attributes:
        name: of the map; the measured model's own comes first.
        images: without, and with, a marked lesion.
        pixel_auroc: all pixels of the images with a lesion together.
        pixel_auroc_within: mean of each such image's own.
        hit_rate: share of such images whose highest peak lies on a lesion.
        froc: over all images.
        pixel_auroc_gain: model minus this map, as are the others; ``None`` for the model itself.
    """

    name: str
    images: ClassCount
    lesions: int
    pixel_auroc: Interval
    pixel_auroc_within: Interval
    hit_rate: Interval
    froc: tuple[FrocPoint, ...]
    pixel_auroc_gain: Interval | None = None
    pixel_auroc_within_gain: Interval | None = None
    hit_rate_gain: Interval | None = None


@dataclass(frozen=True, slots=True)
class MemberResult:
    """What one member of an ensemble is worth, of images.

    Attributes:
        alone: AUROC of the member's own score.
        without: AUROC of the ensemble of the others.
        change: ``without`` minus the AUROC of the whole ensemble, on the same resamples.
    """

    name: str
    alone: Interval
    without: Interval
    change: Interval

    @property
    def helps(self) -> bool:
        """Whether the ensemble is worse without it: the whole interval of ``change`` lies below 0."""
        return self.change.high < 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured, and how.

    Attributes:
        groups: 'all' first, then each site.
        alpha: false-positive rate that the model is calibrated to, if its rule controls one.
        level: of the intervals.
        caveats: what a reader must know before quoting a figure.
        false_positive_control: overall, by site and by machine; of images, then of exams where their decision is known.
        triage: of exams.
        subgroups: by site, machine, view, density and decade of age, as far as they are known.
        maps: empty if no lesion is located.
        rule: by which the model decides.
        ensemble: the members of the measured model and how their scores are fused; ``None``: it is a single model.
        members: of the ensemble, where there are normal and abnormal images.
    """

    groups: tuple[GroupResult, ...]
    alpha: float
    fusion: FusionConfig
    n_bootstrap: int
    seed: int
    level: float
    caveats: tuple[str, ...]
    rule: DecisionRule = CONFORMAL
    false_positive_control: tuple[FalsePositiveControl, ...] = ()
    triage: tuple[TriagePoint, ...] = ()
    subgroups: tuple[Subgroup, ...] = ()
    maps: tuple[MapResult, ...] = ()
    ensemble: MembersConfig | None = None
    members: tuple[MemberResult, ...] = ()
