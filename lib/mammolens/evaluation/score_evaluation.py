"""Scored images to figures with intervals, for all images and within each site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

import numpy as np

from mammolens.config import MEANS, AnyConfig, EnsembleConfig, FusionConfig, MembersConfig
from mammolens.evaluation import metrics
from mammolens.evaluation.baselines import BASELINES, Baseline, other_score_baselines
from mammolens.evaluation.bootstrap import Interval, PatientBootstrap, difference
from mammolens.evaluation.decision_rule import CONFORMAL, DecisionRule
from mammolens.evaluation.exams import breasts_per_exam, exams_with_decision, images_per_exam
from mammolens.evaluation.false_positive_control import false_positive_control
from mammolens.evaluation.grouping import TRAITS, by_site, by_trait
from mammolens.evaluation.maps import measure_maps
from mammolens.evaluation.members import measure_members
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.results import (
    ClassCount,
    ClassMean,
    Comparison,
    Counts,
    Evaluation,
    GroupResult,
    Subgroup,
    TriagePoint,
)
from mammolens.evaluation.scored import Bools, Columns, ImageColumns, ScoredImage, check_images, columns, fused

_FEW_PATIENTS: Final = 20  # below this many of a class, percentile intervals over patients are too narrow
_LEVEL: Final = 0.95
_MAX_SIZE_RATIO: Final = 1.25  # exams of the two classes may differ in size by so much before a reader is warned
SET_ASIDE: Final = (0.1, 0.2, 0.3, 0.5)  # shares of the normal exams for which the triage table is made


@dataclass(frozen=True, slots=True)
class _Plan:
    fusion: FusionConfig
    n_bootstrap: int
    seed: int
    baselines: Mapping[str, Baseline]

    def resample(self, rows: Columns) -> PatientBootstrap:
        return PatientBootstrap.of(rows.patients, rows.abnormal, self.n_bootstrap, self.seed)


def evaluate_scores(
    images: Sequence[ScoredImage],
    *,
    alpha: float,
    n_bootstrap: int = 2000,
    seed: int = 0,
    fusion: FusionConfig = MEANS,
    rule: DecisionRule = CONFORMAL,
    baselines: Mapping[str, Baseline] = BASELINES,
    ensemble: MembersConfig | None = None,
) -> Evaluation:
    """Measure how well the scores separate abnormal from normal.

    Args:
        images: each once, with truth; of patients that neither trained nor calibrated the model.
        alpha: nominal false-positive rate of the decision.
        fusion: of views to breasts and breasts to exams, as the model does it.
        rule: of the model's decision; one without a nominal rate is not compared with alpha.
        baselines: by name, compared with the model on the same images; so is every score in the images'
            ``other_scores``.
        ensemble: of whose members the images have scores, and how they are fused; ``None``: a single model.

    Raises:
        DatasetError: without both classes, or an image is listed twice.
        ValueError: for ``n_bootstrap`` below 1 or alpha outside (0, 1).
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie within (0, 1), not {alpha}")
    check_images(images)
    plan = _Plan(fusion, n_bootstrap, seed, {**baselines, **other_score_baselines(images)})
    groups = tuple(_measure(name, members, plan) for name, members in by_site(images))
    return Evaluation(
        groups,
        alpha,
        fusion,
        n_bootstrap,
        seed,
        _LEVEL,
        tuple(_caveats(groups, images, alpha, rule)),
        rule=rule,
        false_positive_control=tuple(false_positive_control(images, alpha, fusion, rule)),
        triage=tuple(_triage(fused(images, "exam", fusion), plan)),
        subgroups=tuple(_subgroups(images, plan)),
        maps=tuple(measure_maps(images, n_bootstrap, seed, _LEVEL)),
        ensemble=ensemble,
        members=tuple(measure_members(images, ensemble, n_bootstrap, seed, _LEVEL)) if ensemble else (),
    )


def evaluate_as_configured(
    images: Sequence[ScoredImage], config: AnyConfig, *, n_bootstrap: int = 2000, seed: int = 0
) -> Evaluation:
    """The same, with rate, fusion, decision and members as configured for the model that scored the images."""
    return evaluate_scores(
        images,
        alpha=config.calibration.alpha,
        n_bootstrap=n_bootstrap,
        seed=seed,
        fusion=config.scoring.fusion,
        rule=DecisionRule.of(config.calibration),
        ensemble=config.ensemble if isinstance(config, EnsembleConfig) else None,
    )


def _measure(name: str, images: list[ScoredImage], plan: _Plan) -> GroupResult:
    rows = columns(images)
    breasts, exams = fused(images, "breast", plan.fusion), fused(images, "exam", plan.fusion)
    resamples, abnormal, scores = plan.resample(rows), rows.abnormal, rows.scores
    figures = {Metric.AUROC: resamples.interval(partial(metrics.auroc, abnormal, scores), _LEVEL)}
    if len(np.unique(rows.sites)) > 1:
        within = partial(metrics.auroc_within, abnormal, scores, rows.sites)
        figures[Metric.AUROC_WITHIN_SITES] = resamples.interval(within, _LEVEL)
    for area, precision, units in (
        (Metric.AUROC_BREAST, Metric.AUPRC_BREAST, breasts),
        (Metric.AUROC_EXAM, Metric.AUPRC_EXAM, exams),
    ):
        if len(units.scores):
            drawn = plan.resample(units)
            figures[area] = drawn.interval(partial(metrics.auroc, units.abnormal, units.scores), _LEVEL)
            figures[precision] = drawn.interval(partial(metrics.auprc, units.abnormal, units.scores), _LEVEL)
    statistics = {
        Metric.AUPRC: partial(metrics.auprc, abnormal, scores),
        Metric.SENSITIVITY_AT_90: partial(metrics.sensitivity_at_specificity, abnormal, scores, 0.90),
        Metric.SENSITIVITY_AT_95: partial(metrics.sensitivity_at_specificity, abnormal, scores, 0.95),
        Metric.FALSE_POSITIVE_RATE: partial(metrics.flagged_share, rows.flagged, ~abnormal),
        Metric.SENSITIVITY: partial(metrics.flagged_share, rows.flagged, abnormal),
    }
    figures |= {metric: resamples.interval(statistic, _LEVEL) for metric, statistic in statistics.items()}
    if decided := exams_with_decision(images, plan.fusion):
        figures |= _exam_decisions(columns(decided), plan)
    counts = _counts(images, rows, breasts, exams)
    return GroupResult(name, counts, figures, tuple(_compare(images, rows, plan)))


def _exam_decisions(exams: ImageColumns, plan: _Plan) -> dict[Metric, Interval]:
    resamples = plan.resample(exams)
    # A p-value sets an exam against normal ones of as many views and breasts, which its score does not.
    ranked = partial(metrics.auroc, exams.abnormal, -exams.p_values)
    among = {Metric.FALSE_POSITIVE_RATE_EXAM: ~exams.abnormal, Metric.SENSITIVITY_EXAM: exams.abnormal}
    return {Metric.AUROC_EXAM_P_VALUE: resamples.interval(ranked, _LEVEL)} | {
        metric: resamples.interval(partial(metrics.flagged_share, exams.flagged, rows), _LEVEL)
        for metric, rows in among.items()
    }


def _triage(exams: Columns, plan: _Plan) -> Iterator[TriagePoint]:
    resamples = plan.resample(exams)
    for share in SET_ASIDE:
        missed = partial(metrics.missed_when_set_aside, exams.abnormal, exams.scores, share)
        yield TriagePoint(share, resamples.interval(missed, _LEVEL))


def _subgroups(images: Sequence[ScoredImage], plan: _Plan) -> Iterator[Subgroup]:
    for dimension in TRAITS:
        for name, members in by_trait(images, dimension):
            rows = columns(members)
            resamples, abnormal = plan.resample(rows), rows.abnormal
            statistics = (
                partial(metrics.auroc, abnormal, rows.scores),
                partial(metrics.flagged_share, rows.flagged, ~abnormal),
                partial(metrics.flagged_share, rows.flagged, abnormal),
            )
            intervals = [resamples.interval(statistic, _LEVEL) for statistic in statistics]
            yield Subgroup(dimension, name, _class_count(abnormal), _patients(rows), *intervals)


def _compare(images: list[ScoredImage], rows: Columns, plan: _Plan) -> Iterator[Comparison]:
    for name, baseline in plan.baselines.items():
        other = baseline(images)
        known = np.zeros(len(images), np.bool_) if other is None else np.isfinite(other)
        if other is None or len(np.unique(rows.abnormal[known])) < 2:
            continue
        subset = Columns(rows.patients[known], rows.abnormal[known], rows.scores[known])
        resamples, abnormal = plan.resample(subset), subset.abnormal
        ours, theirs = (partial(metrics.auroc, abnormal, scores) for scores in (subset.scores, other[known]))
        gap = difference(metrics.auroc, abnormal, subset.scores, other[known])
        intervals: list[Interval] = [resamples.interval(statistic, _LEVEL) for statistic in (ours, theirs, gap)]
        yield Comparison(name, _class_count(abnormal), *intervals)


def _counts(images: Sequence[ScoredImage], rows: Columns, breasts: Columns, exams: Columns) -> Counts:
    of_images, of_breasts, of_exams = (_class_count(units.abnormal) for units in (rows, breasts, exams))
    composition = (images_per_exam(images), breasts_per_exam(images))
    return Counts(of_images, _patients(rows), of_breasts, of_exams, *composition)


def _patients(rows: Columns) -> ClassCount:
    return _class_count(np.isin(np.unique(rows.patients), rows.patients[rows.abnormal]))


def _class_count(abnormal: Bools) -> ClassCount:
    return ClassCount(int((~abnormal).sum()), int(abnormal.sum()))


def _caveats(
    groups: Sequence[GroupResult], images: Sequence[ScoredImage], alpha: float, rule: DecisionRule
) -> Iterator[str]:
    for group in groups:
        for word, count in asdict(group.counts.patients).items():
            if count < _FEW_PATIENTS:
                yield f"{group.name}: only {count} {word} patients; intervals may be too narrow"
    if unsided := sum(image.laterality is None for image in images):
        yield f"{unsided} images without laterality are excluded at breast level"
    yield from _composition_caveats(groups[0].counts)
    if broken := sum(rule.contradicts(image.is_anomalous, image.p_value, alpha) for image in images):
        yield f"{broken} images were not decided by 'p <= {alpha:g}': their false-positive rate is not controlled"


def _composition_caveats(counts: Counts) -> Iterator[str]:
    """Exams of the classes that are not made of the same: their scores differ by that already."""
    means = {"images": counts.images_per_exam, "breasts": counts.breasts_per_exam}
    if unequal := {word: mean for word, mean in means.items() if _differ(mean)}:
        normal = " and ".join(f"{mean.normal:.1f} {word}" for word, mean in unequal.items())
        abnormal = " and ".join(f"{mean.abnormal:.1f}" for mean in unequal.values())
        yield (
            f"a normal exam has {normal}, an abnormal one {abnormal}: fused scores depend on how many are fused, and "
            "an exam of the affected breast alone is not diluted by a healthy one, so exam figures are biased; "
            "those by p-value are not, because each exam is compared with normal exams of as many views"
        )


def _differ(means: ClassMean) -> bool:
    """Whether one mean is more than a quarter above the other; not where one is unknown."""
    return max(means.normal, means.abnormal) > _MAX_SIZE_RATIO * min(means.normal, means.abnormal)
