"""The worklist as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from mammolens import RESEARCH_USE_ONLY
from mammolens.labelapp.responses.exams import ExamSummary
from mammolens.review.formats import cell_of_text

_Cell = str | float | None
_COLUMNS: Final[Mapping[str, Callable[[ExamSummary], _Cell]]] = MappingProxyType(
    {
        "rank": lambda one: one.rank,
        "exam": lambda one: one.exam,
        "patient": lambda one: one.patient,
        "study_date": lambda one: one.study_date.isoformat() if one.study_date else None,
        "prior_exams": lambda one: one.prior_exams,
        "views": lambda one: ", ".join(one.views),
        "state": lambda one: one.state.value,
        "score": lambda one: one.exam_decile,
        "p_value": lambda one: one.exam_p_value,
        "category": lambda one: one.exam_category_label,
        "flagged": lambda one: None if one.exam_is_anomalous is None else "yes" if one.exam_is_anomalous else "no",
        "verdict": lambda one: one.verdict_label,
        "reviewer": lambda one: one.reviewer,
        "reviewed_at": lambda one: one.reviewed_at,
        "readers": lambda one: ", ".join(one.readers),
        "problems": lambda one: " ".join(one.problems),
        "notice": lambda one: RESEARCH_USE_ONLY,
    }
)


def worklist_csv(exams: Iterable[ExamSummary]) -> str:
    """A row for each exam, in the given order (RFC 4180); what a spreadsheet would run as a formula becomes text."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for exam in exams:
        cells = [of(exam) for of in _COLUMNS.values()]
        writer.writerow([cell_of_text(cell) for cell in cells])
    return file.getvalue()
