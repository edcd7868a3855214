"""An evaluation as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from mammolens import RESEARCH_USE_ONLY
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.sections import ReportTable, Section, sections


def markdown(evaluation: Evaluation, *, title: str, model: str, notes: Sequence[str], figures: Sequence[str]) -> str:
    """The report as Markdown; ``figures`` are names of files in its folder, shown below the tables of their section."""
    parts = [f"# {_line(title)}", f"*{RESEARCH_USE_ONLY}.*", summary(evaluation, model)]
    for section in sections(evaluation):
        parts += _section(section, figures)
    if remarks := [*evaluation.caveats, *notes]:
        parts += ["## Notes", "\n".join(f"- {_line(remark)}" for remark in remarks)]
    return "\n\n".join(parts) + "\n"


def summary(evaluation: Evaluation, model: str) -> str:
    """What was measured and how to read it, in one paragraph."""
    return (
        f"Model: {_line(model)}. {_control(evaluation)} "
        f"Score fusion: {evaluation.fusion}. Counts are normal / abnormal; "
        f"brackets are {100 * evaluation.level:g} % intervals from {evaluation.n_bootstrap} resamples of patients "
        f"(seed {evaluation.seed}). At chance, the AUROC is 0.5 and the AUPRC is the share of abnormal images."
    )


def _control(evaluation: Evaluation) -> str:
    rule = evaluation.rule
    if not rule.controls_rate:
        return "Its decision rule does not control the false-positive rate."
    text = f"Nominal false-positive rate: {100 * evaluation.alpha:g} %"
    return f"{text}." if rule.controls_average_rate else f"{text} at most, with confidence {rule.confidence:g}."


def table_lines(table: ReportTable) -> Iterator[str]:
    """The lines of a table."""
    for cells in (table.header, ("---",) * len(table.header), *table.rows):
        yield "| " + " | ".join(_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _section(section: Section, figures: Sequence[str]) -> Iterator[str]:
    yield f"## {section.heading}"
    yield section.text
    for table in section.tables:
        yield "\n".join(table_lines(table))
    yield from (f"![{PurePath(name).stem}]({name})" for name in section.figures if name in figures)


def _line(text: str) -> str:
    return " ".join(text.split())
