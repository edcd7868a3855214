"""Lines of the worklist, made up."""

from __future__ import annotations

from typing import Any

from mammolens.labelapp.responses.exams import ExamState, ExamSummary


def a_summary(exam: str, **known: Any) -> ExamSummary:
    """An exam of which nothing more is known."""
    nothing = dict.fromkeys(ExamSummary.model_fields)
    empty: dict[str, Any] = {
        "rank": 1,
        "prior_exams": 0,
        "images": [],
        "views": [],
        "readers": [],
        "problems": [],
        "open": False,
        "in_progress_by": [],
        "thumbnails": [],
        "viewer": "",
    }
    return ExamSummary(**{**nothing, **empty, "exam": exam, "patient": exam, "state": ExamState.NEW, **known})
