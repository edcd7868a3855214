"""Figures of an evaluation: ROC curves, scores by class, realised vs. nominal false-positive rate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mammolens.calibration.realised_rate import EvaluatedPatients, rate_band
from mammolens.evaluation import metrics
from mammolens.evaluation.bootstrap import PatientBootstrap
from mammolens.evaluation.canvas import ABNORMAL, FAINT, INK, NORMAL, Line, canvas, finish, line
from mammolens.evaluation.exams import exams_with_decision
from mammolens.evaluation.false_positive_control import evaluated_patients
from mammolens.evaluation.grouping import by_site
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.results import Evaluation, GroupResult
from mammolens.evaluation.scored import Bools, Floats, ImageColumns, ScoredImage, columns
from mammolens.evaluation.texts import metric_text

_POINTS: Final = 101
_BAND_POINTS: Final = 41
_BINS: Final = 40


def roc_figure(images: Sequence[ScoredImage], evaluation: Evaluation) -> Figure:
    """ROC of all images with the pointwise bootstrap band of its sensitivity, of each site, and the decisions."""
    figure, axes = canvas("ROC of images", 6.4, 6.4)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
    _draw_band(axes, columns(images), evaluation)
    for at, ((_, members), group) in enumerate(zip(by_site(images), evaluation.groups, strict=True)):
        _draw_roc(axes, columns(members), group, line(at))
    axes.plot([], [], "o", color="0.4", label="at the model's threshold")
    axes.set(xlabel="False-positive rate", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1.005))
    finish(figure, axes)
    return figure


def histogram_figure(images: Sequence[ScoredImage]) -> Figure:
    """Share of the normal and of the abnormal images by score, and where the decision begins if one score parts it."""
    figure, axes = canvas("Scores of images", 7.2, 4.4)
    rows = columns(images)
    low, high = float(rows.scores.min()), float(np.quantile(rows.scores, 0.995))
    high = high if high > low else low + max(abs(low), 1.0)
    edges = np.linspace(low, high, _BINS + 1).tolist()
    for word, among, colour in (("normal", ~rows.abnormal, NORMAL), ("abnormal", rows.abnormal, ABNORMAL)):
        drawn = np.minimum(rows.scores[among], high)
        shares = np.full(len(drawn), 1 / max(1, len(drawn)))
        axes.hist(drawn, edges, weights=shares, color=colour, alpha=0.25)
        label = _who(word, rows, among)
        axes.hist(drawn, edges, weights=shares, color=colour, histtype="step", linewidth=1.6, label=label)
    if (threshold := decision_threshold(rows)) is not None:
        axes.axvline(threshold, color=INK, linestyle="--", linewidth=1.2, label=f"flagged from {threshold:.4g}")
    beyond = "; the last bar includes all higher scores" if rows.scores.max() > high else ""
    axes.set(xlabel=f"Score{beyond}", ylabel="Share of the class's images")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    finish(figure, axes)
    return figure


def calibration_figure(images: Sequence[ScoredImage], evaluation: Evaluation) -> Figure:
    """Share of normal images with p <= alpha over the alphas that matter; above the band, more than nominal."""
    figure, axes = canvas("False-positive rate: realised vs. nominal", 6.4, 5.8)
    _draw_rates(axes, images, "images", min(1.0, max(0.5, 2 * evaluation.alpha)))
    label = f"alpha of the decision, {100 * evaluation.alpha:g} %"
    axes.axvline(evaluation.alpha, color=INK, linestyle=":", linewidth=1, label=label)
    axes.set(xlabel="Nominal: alpha", ylabel="Realised: share of normal images with p ≤ alpha")
    finish(figure, axes)
    return figure


def reliability_figure(images: Sequence[ScoredImage], evaluation: Evaluation) -> Figure:
    """Distribution of the p-values of normals against the uniform one: of exams, or of images without exams."""
    exams = exams_with_decision(images, evaluation.fusion)
    unit = "exams" if exams else "images"
    figure, axes = canvas(f"p-values of normal {unit} vs. the uniform distribution", 6.4, 5.8)
    _draw_rates(axes, exams or images, unit, 1.0)
    axes.set(xlabel="p-value", ylabel=f"Share of normal {unit} with a p-value at most this")
    finish(figure, axes)
    return figure


def decision_threshold(rows: ImageColumns) -> float | None:
    """The lowest flagged score, if every flagged score lies above every other; ``None`` if no one score parts them."""
    flagged, other = rows.scores[rows.flagged], rows.scores[~rows.flagged]
    return float(flagged.min()) if len(flagged) and len(other) and flagged.min() > other.max() else None


def _draw_band(axes: Axes, rows: ImageColumns, evaluation: Evaluation) -> None:
    resamples = PatientBootstrap.of(rows.patients, rows.abnormal, evaluation.n_bootstrap, evaluation.seed)
    rates = np.linspace(0, 1, _POINTS)
    drawn = resamples.replicates(partial(metrics.sensitivities_at, rows.abnormal, rows.scores, 1 - rates))
    tail = (1 - evaluation.level) / 2
    low, high = np.quantile(drawn[np.isfinite(drawn).all(axis=1)], [tail, 1 - tail], axis=0)
    label = f"{100 * evaluation.level:g} % band of 'all', bootstrap over patients"
    axes.fill_between(rates, low, high, color=INK, alpha=0.12, linewidth=0, label=label)


def _draw_rates(axes: Axes, units: Sequence[ScoredImage], unit: str, highest: float) -> None:
    """Realised over nominal rates up to ``highest``, of all and of each site, with the band of the model."""
    nominal = np.linspace(0, highest, 2 * _POINTS - 1)
    _draw_nominal(axes, evaluated_patients(units), np.linspace(0, highest, _BAND_POINTS))
    for at, (name, members) in enumerate(by_site(units)):
        rows = columns(members)
        if p_values := sorted(rows.p_values[~rows.abnormal]):
            realised = np.searchsorted(p_values, nominal, side="right") / len(p_values)
            axes.plot(nominal, realised, label=_who(f"{name}, normal", rows, ~rows.abnormal, unit), **line(at))
    axes.set(xlim=(0, highest), ylim=(0, None))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))


def _draw_nominal(axes: Axes, evaluated: Sequence[EvaluatedPatients], nominal: Floats) -> None:
    """The nominal rates and the band of the realised ones."""
    axes.plot(nominal, nominal, color=FAINT, linewidth=0.8)
    if evaluated:
        low, high = np.transpose([rate_band(evaluated, float(alpha)) for alpha in nominal])
        label = f"95 % band of a well-calibrated model ({sum(part.patients for part in evaluated)} patients)"
        axes.fill_between(nominal, low, high, color=INK, alpha=0.12, linewidth=0, label=label)


def _draw_roc(axes: Axes, rows: ImageColumns, group: GroupResult, style: Line) -> None:
    normals, abnormals = metrics.cumulated(rows.abnormal, rows.scores)
    if not (normals[-1] and abnormals[-1]):
        return
    label = f"{_who(group.name, rows, np.ones_like(rows.abnormal))}: AUROC {metric_text(group, Metric.AUROC)}"
    axes.plot(1 - normals / normals[-1], 1 - abnormals / abnormals[-1], label=label, **style)
    decision = (group.metrics[Metric.FALSE_POSITIVE_RATE].value, group.metrics[Metric.SENSITIVITY].value)
    axes.plot(*decision, "o", color=style["color"], markeredgecolor="white", zorder=3, clip_on=False)


def _who(name: str, rows: ImageColumns, among: Bools, unit: str = "images") -> str:
    return f"{name} ({int(among.sum())} {unit}, {len(np.unique(rows.patients[among]))} patients)"
