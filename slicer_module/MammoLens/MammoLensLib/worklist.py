"""The worklist as a person reads it: filter and status."""

from __future__ import annotations

from collections.abc import Iterable

from .answers import ExamEntry

_STATES = {"running": "being analysed", "failed": "cannot be analysed"}


def filtered(entries: Iterable[ExamEntry], text: str = "", unreviewed_only: bool = False) -> list[ExamEntry]:
    """The exams to show, in the order given.

    Args:
        text: words that must all occur in patient, date, views, status or reviewer; case is ignored.
        unreviewed_only: leave those with a verdict out.
    """
    words = text.casefold().split()
    return [
        entry
        for entry in entries
        if not (unreviewed_only and entry.verdict) and all(word in _searched(entry) for word in words)
    ]


def status(entry: ExamEntry) -> str:
    """The status of an exam in a few words."""
    if entry.verdict:
        verdict = entry.verdict_label or entry.verdict
        return f"{verdict}, {entry.reviewer}" if entry.reviewer else verdict
    if entry.open:
        return f"open, read by {', '.join(entry.readers)}"
    if entry.state in _STATES:
        return _STATES[entry.state]
    if entry.exam_is_anomalous is None:
        return "not analysed yet"
    return "flagged" if entry.exam_is_anomalous else "not flagged"


def _searched(entry: ExamEntry) -> str:
    return " ".join((entry.patient or "", entry.study_date or "", *entry.views, status(entry))).casefold()
