"""An evaluation as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from mammolens import RESEARCH_USE_ONLY
from mammolens.evaluation.results import ClassCount, Evaluation
from mammolens.evaluation.texts import LABELS, interval_text, metric_text

_COUNTS: Final = ("images", "patients", "breasts", "exams")


def markdown(evaluation: Evaluation, *, title: str, model: str, notes: Sequence[str], figures: Sequence[str]) -> str:
    """The page that a person reads; ``figures`` are names of files beside it."""
    parts = [f"# {_line(title)}", f"*{RESEARCH_USE_ONLY}.*", summary(evaluation, model)]
    parts.append("\n".join(figures_table(evaluation)))
    if comparisons := list(_comparison_lines(evaluation)):
        head = ["group", "baseline", "images", "AUROC, model", "AUROC, baseline", "model minus baseline"]
        parts += ["## Beside scores that need no model", "\n".join([*_header(head), *comparisons])]
    parts += [f"![{PurePath(name).stem}]({name})" for name in figures]
    if remarks := [*evaluation.caveats, *notes]:
        parts += ["## Notes", "\n".join(f"- {_line(remark)}" for remark in remarks)]
    return "\n\n".join(parts) + "\n"


def summary(evaluation: Evaluation, model: str) -> str:
    """What was measured and how to read it, in one paragraph."""
    return (
        f"Model: {_line(model)}. Promised false-positive rate: {100 * evaluation.alpha:g} %. "
        f"Views and breasts are fused by {evaluation.fusion}. Counts are normal / abnormal; "
        f"brackets are {100 * evaluation.level:g} % intervals from {evaluation.n_bootstrap} resamples of patients "
        f"(seed {evaluation.seed}). By chance an AUROC is 0.5 and an AUPRC the share of abnormal images."
    )


def figures_table(evaluation: Evaluation) -> Iterator[str]:
    """Lines of the table of counts and figures, a column a group."""
    groups = evaluation.groups
    yield from _header(["", *(group.name for group in groups)])
    for unit in _COUNTS:
        yield _row([unit.capitalize(), *(_count(getattr(group.counts, unit)) for group in groups)])
    for metric, label in LABELS.items():
        if any(metric in group.metrics for group in groups):
            yield _row([label, *(metric_text(group, metric) for group in groups)])


def _comparison_lines(evaluation: Evaluation) -> Iterator[str]:
    for group in evaluation.groups:
        for found in group.comparisons:
            pair = [interval_text(found.model_auroc), interval_text(found.baseline_auroc)]
            gap = interval_text(found.difference, signed=True)
            yield _row([group.name, found.baseline, _count(found.images), *pair, gap])


def _count(count: ClassCount) -> str:
    return f"{count.normal} / {count.abnormal}"


def _header(cells: Sequence[str]) -> list[str]:
    return [_row(cells), _row(["---"] * len(cells))]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _line(text: str) -> str:
    return " ".join(text.split())
