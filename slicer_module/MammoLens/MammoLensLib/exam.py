"""What the server tells of exams, as values: parsed tolerantly, unknown fields ignored, missing ones ``None``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .decision import Decision
from .told import all_of, flag, made, number, text, texts
from .view import HeatLevel, View


@dataclass(frozen=True)
class ExamEntry:
    """A line of the worklist.

    Attributes:
        exam: opaque id.
        study_date: "2026-01-31".
        images: ids, in the order of ``views``.
        views: "R CC" and so on.
        state: "new", "judging", "judged" or "failed".
        exam_p_value: share of normal exams that are at least as anomalous; ``None`` until all images are scored.
        verdict: "normal", "finding", "poor_quality" or ``None``.
        reviewed_at: ISO, UTC.
        readers: whose decisions stand.
        open: decisions stand, but the site asks for more of them before there is a verdict.
        problems: why an image cannot be scored, a sentence each.
    """

    exam: str
    patient: str | None = None
    study_date: str | None = None
    images: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    state: str | None = None
    exam_p_value: float | None = None
    exam_percentile: float | None = None
    exam_is_anomalous: bool | None = None
    sentence: str | None = None
    verdict: str | None = None
    reviewer: str | None = None
    reviewed_at: str | None = None
    readers: tuple[str, ...] = ()
    open: bool = False
    problems: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, told: Any) -> ExamEntry:
        """A line, from the server's JSON.

        Raises:
            ServerError: it is no exam.
        """
        return made(cls, told, "exam", **_entry_fields(told))


@dataclass(frozen=True)
class Progress:
    """How far the server is with judging; steps."""

    done: int
    total: int
    doing: str

    @classmethod
    def of_json(cls, told: Any) -> Progress | None:
        """Progress, from the server's JSON; ``None`` where nothing is under way."""
        if not isinstance(told, Mapping):
            return None
        return cls(int(number(told.get("done")) or 0), int(number(told.get("total")) or 0), str(told.get("doing")))


@dataclass(frozen=True)
class Breast:
    """One breast against normal breasts."""

    laterality: str
    score: float | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class ExamDetail:
    """An exam in full.

    Attributes:
        entry: its line of the worklist.
        levels: of the heatmap, the lowest first.
        decisions: oldest first.
        next: id of the most anomalous other exam that nobody reviewed.
    """

    entry: ExamEntry
    progress: Progress | None = None
    decision_rule: str | None = None
    breasts: tuple[Breast, ...] = ()
    levels: tuple[HeatLevel, ...] = ()
    views: tuple[View, ...] = ()
    decisions: tuple[Decision, ...] = ()
    next: str | None = None
    model: str | None = None

    @property
    def exam(self) -> str:
        """Its id."""
        return self.entry.exam

    @classmethod
    def of_json(cls, told: Any) -> ExamDetail:
        """An exam, from the server's JSON.

        Raises:
            ServerError: it is no exam.
        """
        entry = ExamEntry.of_json(told)
        return cls(
            entry,
            Progress.of_json(told.get("progress")),
            text(told.get("decision_rule")),
            all_of(told, "breasts", lambda one: made(Breast, one, "laterality", score=number(one.get("score")))),
            all_of(told, "levels", HeatLevel.of_json),
            all_of(told, "views_in_detail", View.of_json),
            all_of(told, "decisions", Decision.of_json),
            text(told.get("next")),
            text(told.get("model")),
        )


def _entry_fields(told: Any) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        return {}
    return {
        "exam_p_value": number(told.get("exam_p_value")),
        "exam_percentile": number(told.get("exam_percentile")),
        "exam_is_anomalous": flag(told.get("exam_is_anomalous")),
        "images": texts(told.get("images")),
        "views": texts(told.get("views")),
        "readers": texts(told.get("readers")),
        "open": flag(told.get("open")) or False,
        "problems": texts(told.get("problems")),
    }
