"""The worklist as a person reads it: which exams, in which order, in which words."""

from __future__ import annotations

from collections.abc import Iterable

from .answers import ExamEntry

_VERDICTS = {"normal": "normal", "finding": "finding", "poor_quality": "poor quality"}
_STATES = {"running": "being judged", "failed": "cannot be judged"}


def arranged(entries: Iterable[ExamEntry], text: str = "", unreviewed_only: bool = False) -> list[ExamEntry]:
    """The exams to show: unreviewed before reviewed, in each the most anomalous first, those without number last.

    Args:
        text: words that an exam must hold, all of them, whatever their case: in patient, date, views, status, reviewer.
        unreviewed_only: leave those with a verdict out.
    """
    words = text.casefold().split()
    fitting = (
        entry
        for entry in entries
        if not (unreviewed_only and entry.verdict) and all(word in _searched(entry) for word in words)
    )
    return sorted(fitting, key=_rank)


def status(entry: ExamEntry) -> str:
    """What has become of an exam, in a few words."""
    if entry.verdict:
        verdict = _VERDICTS.get(entry.verdict, entry.verdict)
        return f"{verdict}, {entry.reviewer}" if entry.reviewer else verdict
    if entry.open:
        return f"open, read by {', '.join(entry.readers)}"
    if entry.state in _STATES:
        return _STATES[entry.state]
    if entry.exam_is_anomalous is None:
        return "not judged yet"
    return "flagged" if entry.exam_is_anomalous else "not flagged"


def _rank(entry: ExamEntry) -> tuple[bool, bool, float]:
    return bool(entry.verdict), entry.exam_p_value is None, entry.exam_p_value or 0.0


def _searched(entry: ExamEntry) -> str:
    return " ".join((entry.patient or "", entry.study_date or "", *entry.views, status(entry))).casefold()
