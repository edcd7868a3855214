"""A plot of an exam's score among those of normal exams."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mammolens.inference.presentation import PresentedExam

_BINS: Final = 24


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours with enough contrast on the page."""

    text: str
    normal: str
    exam: str


ON_LIGHT: Final = Ink(text="#31333f", normal="#0072b2", exam="#b34a00")
ON_DARK: Final = Ink(text="#e6e8ec", normal="#56b4e9", exam="#f0a35e")


def score_svg(exam: PresentedExam, ink: Ink) -> bytes:
    """The picture as SVG on clear paper, its words as outlines: no font is asked for."""
    figure = Figure(figsize=(7.2, 2.7), layout="constrained")
    figure.patch.set_alpha(0)
    draw_scores(figure.add_subplot(), exam, ink)
    content = io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "mammolens"}):
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def draw_scores(axes: Axes, exam: PresentedExam, ink: Ink) -> None:
    """Scores of normal exams as bars, this exam as a line, dashed where flagging begins."""
    score, scores = exam.of_exam.exam_score, np.array(exam.normal_scores)
    low, high = min(scores.min(), score), max(scores.max(), score)
    room = max(high - low, 1.0) * 0.03
    axes.hist(
        scores, np.linspace(low, high, _BINS + 1).tolist(), weights=exam.normal_weights, color=ink.normal, alpha=0.55
    )
    axes.set_xlim(low - room, high + room)
    axes.patch.set_alpha(0)
    axes.axvline(score, color=ink.exam, linewidth=2.2, label="this exam")
    if exam.threshold is not None:
        axes.axvline(exam.threshold, color=ink.text, linestyle="--", linewidth=1.4, label="flagging threshold")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=9, labelcolor=ink.text)
    axes.set_xlabel("Exam score, in robust standard deviations of normal images", color=ink.text, fontsize=9)
    axes.set_ylabel("Normal exams", color=ink.text, fontsize=9)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.tick_params(colors=ink.text, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(ink.text)


def alt_text(exam: PresentedExam) -> str:
    """The same in words, for those who cannot see it."""
    record, scores = exam.of_exam, exam.normal_scores
    begins = "" if exam.threshold is None else f" The flagging threshold is {exam.threshold:.2f}."
    return (
        f"Distribution of {len(scores)} normal exam scores, from {scores[0]:.2f} to {scores[-1]:.2f}. "
        f"This exam scores {record.exam_score:.2f}.{begins}"
    )
