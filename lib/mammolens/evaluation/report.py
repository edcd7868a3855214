"""The report of an evaluation as a folder of files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from mammolens.errors import DatasetError
from mammolens.evaluation.canvas import png
from mammolens.evaluation.curves import froc_figure, triage_figure
from mammolens.evaluation.html_page import html
from mammolens.evaluation.markdown_page import markdown
from mammolens.evaluation.pictures import Picture
from mammolens.evaluation.plots import calibration_figure, histogram_figure, reliability_figure, roc_figure
from mammolens.evaluation.records import EVALUATION_JSON, SCORES_CSV, json_text, scores_csv
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.scored import ScoredImage
from mammolens.files import write_text

PAGE: Final = "evaluation.md"
HTML: Final = "evaluation.html"


def write_report(
    evaluation: Evaluation,
    images: Sequence[ScoredImage],
    output: Path,
    *,
    title: str,
    model: str,
    notes: Sequence[str] = (),
    pictures: Sequence[Picture] = (),
    report: Path | None = None,
) -> list[Path]:
    """Write the page as HTML and as Markdown, ``evaluation.json``, ``scores.csv`` and the figures into a folder.

    All files are written elsewhere first, then replace older ones: a failure leaves the folder as it was.

    Args:
        images: those that were evaluated, in any order.
        output: the folder, created if missing; other files in it are kept.
        model: name and fingerprint.
        notes: printed below the tables, such as where the images come from.
        pictures: of the worst mistakes, for the HTML page only.
        report: path of the HTML page, instead of ``evaluation.html`` in the folder.

    Returns:
        The paths written, the HTML and Markdown pages first.

    Raises:
        DatasetError: when the folder or the page cannot be written to.
    """
    figures = {name: png(figure) for name, figure in _figures(images, evaluation).items()}
    page = html(evaluation, title=title, model=model, notes=notes, figures=figures, pictures=pictures)
    texts = {
        PAGE: markdown(evaluation, title=title, model=model, notes=notes, figures=list(figures)),
        EVALUATION_JSON: json_text(evaluation, title=title, model=model, notes=notes),
        SCORES_CSV: scores_csv(images),
    }
    if report is None:
        texts = {HTML: page, **texts}
    contents = {name: text.encode() for name, text in texts.items()} | figures
    _write_together(contents, output)
    written = [output / name for name in contents]
    if report is not None:
        _write_page(page, report)
        written.insert(0, report)
    return written


def _write_together(contents: dict[str, bytes], output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".evaluation-", dir=output) as aside:
            for name, content in contents.items():
                (Path(aside) / name).write_bytes(content)
            for name in contents:
                (Path(aside) / name).replace(output / name)
    except OSError as error:
        raise DatasetError(output, f"cannot be written to ({error.strerror})", "give another folder") from error


def _write_page(page: str, path: Path) -> None:
    try:
        write_text(path, page)
    except OSError as error:
        raise DatasetError(path, f"cannot be written to ({error.strerror})", "give another file") from error


def _figures(images: Sequence[ScoredImage], evaluation: Evaluation) -> dict[str, Figure]:
    """The figures for which there are images."""
    counts = evaluation.groups[0].counts
    figures = {"scores.png": histogram_figure(images)}
    if counts.images.normal and evaluation.rule.controls_rate:
        figures["calibration.png"] = calibration_figure(images, evaluation)
    if counts.exams.normal:
        figures["reliability.png"] = reliability_figure(images, evaluation)
    if counts.images.normal and counts.images.abnormal:
        figures["roc.png"] = roc_figure(images, evaluation)
    # Normal images may all be of abnormal exams, as where only the ill patients' other breasts are normal.
    if counts.exams.normal and counts.exams.abnormal:
        figures["triage.png"] = triage_figure(images, evaluation)
    if evaluation.maps:
        figures["froc.png"] = froc_figure(images, evaluation)
    return figures
