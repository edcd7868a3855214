"""An inspection as tables for people, in eighty columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.table import Table

from mammolens import RESEARCH_USE_ONLY
from mammolens.inspection.results import Inspection
from mammolens.inspection.tables import TextTable, headline, summary_text, tables

_MOST_ROWS = 10  # of a table
_FIGURES = {"images", "patients", "normal", "abnormal"}


def inspection_tables(found: Inspection) -> Iterator[Table | str]:
    """The totals, then a table for each concern with its note before it; long ones are cut, and say so."""
    totals = Table(title=RESEARCH_USE_ONLY, box=SIMPLE, show_header=False)
    totals.title_justify = "left"
    totals.add_column("what", min_width=len(RESEARCH_USE_ONLY) - 8)
    totals.add_column("count", justify="right")
    for label, figure in headline(found):
        totals.add_row(label, figure)
    yield summary_text(found)
    if found.licence:
        yield f"Licence: {found.licence}."
    yield totals
    for one in tables(found):
        yield f"{one.heading}. {one.note}" if one.note else f"{one.heading}."
        yield _table(one)


def _table(one: TextTable) -> Table:
    left_out = len(one.rows) - _MOST_ROWS
    table = Table(caption=f"and {left_out} more: see --json or --output" if left_out > 0 else None, box=SIMPLE)
    table.caption_justify = "left"
    for heading in one.header:
        figure = heading in _FIGURES
        table.add_column(heading, justify="right" if figure else "left", no_wrap=figure, overflow="fold")
    for row in one.rows[:_MOST_ROWS]:
        table.add_row(*row)
    return table
