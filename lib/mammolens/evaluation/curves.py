"""Curves of what a reader would gain: triage of exams, FROC of maps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mammolens.evaluation import metrics
from mammolens.evaluation.bootstrap import PatientBootstrap
from mammolens.evaluation.canvas import FAINT, INK, canvas, finish, line
from mammolens.evaluation.froc import FALSE_POSITIVES_PER_IMAGE, froc_curve
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.scored import MODEL, ScoredImage, fused
from mammolens.evaluation.texts import interval_text

_SHARES: Final = np.linspace(0, 1, 101)


def triage_figure(images: Sequence[ScoredImage], evaluation: Evaluation) -> Figure:
    """Share of abnormal exams missed over the share of normal exams set aside, with its bootstrap band."""
    figure, axes = canvas("Triage of exams", 6.4, 5.4)
    exams = fused(images, "exam", evaluation.fusion)
    found = partial(metrics.sensitivities_at, exams.abnormal, exams.scores, _SHARES)
    resamples = PatientBootstrap.of(exams.patients, exams.abnormal, evaluation.n_bootstrap, evaluation.seed)
    drawn = 1 - resamples.replicates(found)
    tail = (1 - evaluation.level) / 2
    low, high = np.quantile(drawn[np.isfinite(drawn).all(axis=1)], [tail, 1 - tail], axis=0)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, label="chance")
    label = f"{100 * evaluation.level:g} % band, bootstrap over patients"
    axes.fill_between(_SHARES, low, high, color=INK, alpha=0.12, linewidth=0, label=label)
    counts = evaluation.groups[0].counts.exams
    missed = 1 - found(np.ones(len(exams.scores)))
    axes.plot(_SHARES, missed, label=f"all ({counts.normal} normal, {counts.abnormal} abnormal exams)", **line(0))
    points = [(point.set_aside, point.missed.value) for point in evaluation.triage]
    axes.plot(*zip(*points, strict=True), "o", color=INK, label="as in the table")
    axes.set(xlabel="Normal exams set aside, lowest scores first", ylabel="Abnormal exams missed")
    axes.set(xlim=(0, 1), ylim=(0, 1.005))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    finish(figure, axes)
    return figure


def froc_figure(images: Sequence[ScoredImage], evaluation: Evaluation) -> Figure:
    """Share of lesions found over false positives per image, for each map."""
    figure, axes = canvas("FROC of maps", 6.4, 5.4)
    for at, found in enumerate(evaluation.maps):
        known = [image for image in images if {MODEL, found.name} <= image.localisations.keys()]
        localisations = [image.localisations[found.name] for image in known]
        false, share = froc_curve(localisations, np.ones(len(localisations)))
        area = interval_text(found.pixel_auroc)
        axes.step(false, share, where="post", label=f"{found.name}: pixel AUROC {area}", **line(at))
    axes.set(xlabel="False positives per image", ylabel="Lesions found")
    axes.set(xlim=(0, FALSE_POSITIVES_PER_IMAGE[-1]), ylim=(0, 1.005))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    finish(figure, axes)
    return figure
