"""Versions, their history and gate results as tables for people, in eighty columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.table import Table

from mammolens import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from mammolens.models.history import HistoryEvent
    from mammolens.models.lineage import Lineage
    from mammolens.promotion.gate_result import GateResult

_PACKAGED = "model of the package"


def versions_table(versions: Sequence[Lineage]) -> Table:
    """A line a version, oldest first; :func:`lineage_table` has more of each."""
    table = _table(RESEARCH_USE_ONLY, "version", "state", "added", "put in use by")
    table.columns[0].no_wrap = True
    for one in versions:
        table.add_row(one.version, _state(one), _time(one.added_at), one.promoted_by or "")
    return table


def lineage_table(one: Lineage) -> Table:
    """Where a version comes from."""
    table = _table(one.version, "", "")
    rows = {
        "state": _state(one),
        "previous model": one.parent or _PACKAGED,
        "started from": one.started_from or "scratch",
        "data": one.dataset or "unknown",
        "data fingerprint": one.data_fingerprint or "unknown",
        "added": f"{_time(one.added_at)} by {one.added_by or 'unknown'}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def history_table(entries: Sequence[HistoryEvent]) -> Table:
    """What happened, oldest first."""
    table = _table("history", "when", "what", "by", "why")
    for entry in entries:
        table.add_row(_time(entry.at), entry.label, entry.by, entry.why)
    return table


def check_table(gate_result: GateResult) -> Table:
    """The checks of the gate, each with its sentence."""
    table = _table(f"{gate_result.candidate} against {gate_result.serving}", "check", "result", "details")
    for check in gate_result.checks:
        table.add_row(check.name.replace("_", " "), check.outcome.label, check.sentence)
    table.caption = f"{gate_result.reason}\n{RESEARCH_USE_ONLY}"
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, box=SIMPLE, show_header=any(headings))
    table.title_justify = table.caption_justify = "left"
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _state(one: Lineage) -> str:
    states = {"in use": one.serves, "rejected": one.refused, "awaits approval": one.waits}
    word = next((word for word, holds in states.items() if holds), None)
    return ", ".join([*([word] if word else []), *(["overridden"] if one.overridden else [])])


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else ""
