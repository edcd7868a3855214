"""The figures of an evaluation on stdout."""

from __future__ import annotations

from collections.abc import Iterable

from mammolens.cli.console import out


def print_figures(lines: Iterable[tuple[str, str, str]]) -> None:
    """A table of (group, metric, text), as :func:`mammolens.evaluation.texts.rows` gives them."""
    from rich.table import Table

    table = Table("group", "figure", "value [95 % interval by patient]")
    for line in lines:
        table.add_row(*line)
    out().print(table)
