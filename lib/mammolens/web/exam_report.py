"""An exam on one page: self-contained HTML, and PDF."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import font_manager, rc_context
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.inference.exam_text import image_sentence
from mammolens.inference.lettering import FONT_FILES, legible
from mammolens.inference.presentation import PresentedExam
from mammolens.web import exam_summary
from mammolens.web.composed import as_jpeg, composed
from mammolens.web.score_figure import ON_LIGHT, alt_text, draw_scores, score_svg

_A4: Final = (8.27, 11.69)  # inches
_LINE: Final = 0.0145  # of the page's height
_ACROSS: Final = 112  # characters of a line
_VIEWS: Final = 0.27  # of the page's height
_MOST_VIEWS: Final = 4


def report_html(exam: PresentedExam, folder: Path, source: str = "") -> str:
    """The page as text; every text is escaped.

    Args:
        exam: to report.
        folder: of its files.
        source: where the images come from, such as a citation.
    """
    environment = Environment(loader=PackageLoader("mammolens.web"), autoescape=True, undefined=StrictUndefined)
    record = exam.of_exam
    return environment.get_template("exam_report.html.j2").render(
        title=exam_summary.exam_title(exam),
        notice=RESEARCH_USE_ONLY,
        score=exam_summary.score(exam),
        headline=exam_summary.headline(exam),
        lines=_lines(exam),
        views=[
            {
                "name": exam_summary.of_view(view.record),
                "percentile": image_sentence(view.record),
                "picture": _uri("jpeg", as_jpeg(composed(view, numbers, folder))),
            }
            for view, numbers in zip(exam.views, exam.finding_numbers, strict=True)
        ],
        findings=exam_summary.finding_lines(exam),
        no_finding=exam_summary.NO_FINDING,
        score_figure=_uri("svg+xml", score_svg(exam, ON_LIGHT)),
        score_figure_text=alt_text(exam),
        flags=exam_summary.flag_lines(exam),
        meaning=exam_summary.meaning(exam),
        model=record.model,
        calibration=record.calibration,
        version=__version__,
        source=source,
    )


def report_pdf(exam: PresentedExam, folder: Path, source: str = "") -> bytes:
    """The same as one page of A4, PDF; lists that are too long are cut, and say so."""
    with rc_context({"font.family": _families(), "pdf.fonttype": 42}):
        return _saved(_page(exam, folder, source), exam)


@cache
def _families() -> list[str]:
    """The fonts of pictures, made known to Matplotlib."""
    for path in FONT_FILES:
        font_manager.fontManager.addfont(path)
    return [FT2Font(str(path)).family_name for path in FONT_FILES]


def _page(exam: PresentedExam, folder: Path, source: str) -> Figure:
    figure = Figure(figsize=_A4)
    bottom = _write_foot(figure, exam, source)
    top = _write(figure, 0.965, [exam_summary.exam_title(exam)], size=14, weight="bold")
    top = _write(figure, top, [f"{RESEARCH_USE_ONLY}."], size=9, weight="bold")
    lead = [f"{exam_summary.score(exam)}.", exam_summary.headline(exam)]
    top = _write(figure, top - 0.008, lead, size=11, weight="bold")
    top = _write(figure, top, [*_lines(exam), *_left_out(exam)]) - 0.01
    _draw_views(figure, exam, folder, top)
    top -= _VIEWS + 0.015
    draw_scores(figure.add_axes((0.12, top - 0.15, 0.8, 0.12)), exam, ON_LIGHT)
    top -= 0.2
    findings = exam_summary.finding_lines(exam) or [exam_summary.NO_FINDING]
    top = _write_list(figure, top, (top + bottom) / 2, "Findings", findings)
    if flags := exam_summary.flag_lines(exam):
        _write_list(figure, top, bottom, "Cautions", flags)
    return figure


def _saved(figure: Figure, exam: PresentedExam) -> bytes:
    content = io.BytesIO()
    about = {
        "Title": f"MammoLens: {exam_summary.exam_title(exam)}",
        "Subject": RESEARCH_USE_ONLY,
        "CreationDate": None,
    }
    figure.savefig(content, format="pdf", metadata=about)
    return content.getvalue()


def _lines(exam: PresentedExam) -> list[str]:
    asymmetry = exam_summary.asymmetry_line(exam)
    breasts = [exam_summary.breast_line(breast) for breast in exam.breasts]
    return [exam_summary.decision(exam), *breasts, *([asymmetry] if asymmetry else []), exam_summary.quality_line(exam)]


def _left_out(exam: PresentedExam) -> list[str]:
    if len(exam.views) <= _MOST_VIEWS:
        return []
    return [f"The {_MOST_VIEWS} highest-scoring of {len(exam.views)} images are shown; the HTML report has all."]


def _write_foot(figure: Figure, exam: PresentedExam, source: str) -> float:
    """Where the numbers come from, at the page's end; gives where it begins."""
    record = exam.of_exam
    texts = [
        exam_summary.meaning(exam),
        f"Model {record.model}, calibration {record.calibration}, MammoLens {__version__}.",
    ]
    texts += [f"Images: {source}"] if source else []
    lines = [line for text in [*texts, f"{RESEARCH_USE_ONLY}."] for line in textwrap.wrap(legible(text), 140)]
    top = 0.03 + _LINE * len(lines)
    _write(figure, top, lines, size=6.5, colour="#555555")
    return top + _LINE


def _write(
    figure: Figure, top: float, texts: Sequence[str], size: float = 9, weight: str = "normal", colour: str = "#1a1a1a"
) -> float:
    """Lines from ``top`` downwards, broken where they are too long; gives where the next ones begin."""
    for line in _broken(texts, size):
        # A dollar sign in a patient's id is not a formula.
        figure.text(0.07, top, line, size=size, weight=weight, color=colour, va="top", parse_math=False)
        top -= _LINE * max(1.0, size / 9)
    return top


def _write_list(figure: Figure, top: float, bottom: float, heading: str, texts: Sequence[str]) -> float:
    """A heading and as many lines as there is room for above ``bottom``."""
    top = _write(figure, top, [heading], size=10, weight="bold")
    lines, room = _broken(texts, 8.5), max(1, int((top - bottom) / _LINE))
    if len(lines) > room:
        lines = [*lines[: room - 1], "More in the HTML report"]
    return _write(figure, top, lines, size=8.5) - 0.008


def _broken(texts: Sequence[str], size: float) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(legible(text), round(_ACROSS * 9 / size))]


def _draw_views(figure: Figure, exam: PresentedExam, folder: Path, top: float) -> None:
    """The highest scores in the exam's order; more would not be seen beside each other."""
    chosen = sorted(exam.views, key=lambda view: -view.record.pred_score)[:_MOST_VIEWS]
    numbered = zip(exam.views, exam.finding_numbers, strict=True)
    for at, (view, numbers) in enumerate(pair for pair in numbered if pair[0] in chosen):
        axes = figure.add_axes((0.07 + at * 0.215, top - _VIEWS, 0.205, _VIEWS - 0.02))
        axes.imshow(composed(view, numbers, folder))
        axes.set_anchor("N")
        axes.set_title(legible(exam_summary.of_view(view.record)), fontsize=9, loc="left", pad=3)
        axes.set_axis_off()


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
