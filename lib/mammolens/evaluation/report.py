"""Measure scored images, and write what was found as a folder of files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from mammolens.errors import DatasetError
from mammolens.evaluation.evaluate import evaluate
from mammolens.evaluation.page import markdown
from mammolens.evaluation.plots import calibration_figure, histogram_figure, roc_figure
from mammolens.evaluation.records import json_text, scores_csv
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.scored import ScoredImage
from mammolens.evaluation.texts import rows

__all__ = ["Evaluation", "ScoredImage", "evaluate", "rows", "write_report"]


def write_report(
    evaluation: Evaluation,
    images: Sequence[ScoredImage],
    output: Path,
    *,
    title: str,
    model: str,
    notes: Sequence[str] = (),
) -> list[Path]:
    """Write ``evaluation.json``, ``evaluation.md``, ``scores.csv`` and the figures into a folder.

    All files are made aside first, then each replaces an older one: a failure to make them leaves the folder as it was.

    Args:
        images: those that were evaluated, in any order.
        output: the folder, made if missing; other files in it stay.
        model: name and fingerprint.
        notes: said below the tables, such as where the images come from.

    Returns:
        The paths written, the page for people first.

    Raises:
        DatasetError: when the folder cannot be written to.
    """
    figures = _figures(images, evaluation)
    texts = {
        "evaluation.md": markdown(evaluation, title=title, model=model, notes=notes, figures=list(figures)),
        "evaluation.json": json_text(evaluation, title=title, model=model, notes=notes),
        "scores.csv": scores_csv(images),
    }
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".evaluation-", dir=output) as aside:
            for name, text in texts.items():
                (Path(aside) / name).write_text(text, encoding="utf-8", newline="\n")
            for name, figure in figures.items():
                figure.savefig(Path(aside) / name, format="png")
            names = [*texts, *figures]
            for name in names:
                (Path(aside) / name).replace(output / name)
    except OSError as error:
        raise DatasetError(output, f"cannot be written to ({error.strerror})", "give a folder of your own") from error
    return [output / name for name in names]


def _figures(images: Sequence[ScoredImage], evaluation: Evaluation) -> dict[str, Figure]:
    return {
        "roc.png": roc_figure(images, evaluation),
        "scores.png": histogram_figure(images),
        "calibration.png": calibration_figure(images, evaluation),
    }
