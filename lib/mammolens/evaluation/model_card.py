"""Write what was measured into the model's own directory."""

from __future__ import annotations

from pathlib import Path

from mammolens.evaluation.markdown_page import summary, table_lines
from mammolens.evaluation.records import json_text
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.sections import figures_table
from mammolens.files import write_text
from mammolens.models.directory import CARD, METRICS

_HEADING = "\n## Measured\n"


def record_in_model(evaluation: Evaluation, directory: Path, *, title: str, model: str) -> None:
    """Write ``metrics.json`` and the card's section 'Measured'; replaces an earlier one.

    Args:
        evaluation: of the model in ``directory``, on patients that it never saw.
        title: data set and split.
        model: its id.
    """
    write_text(directory / METRICS, json_text(evaluation, title=title, model=model, notes=()))
    card = directory / CARD
    before = card.read_text(encoding="utf-8").partition(_HEADING)[0].rstrip("\n")
    table = "\n".join(table_lines(figures_table(evaluation)))
    write_text(card, f"{before}\n{_HEADING}\n{title}. {summary(evaluation, model)}\n\n{table}\n")
