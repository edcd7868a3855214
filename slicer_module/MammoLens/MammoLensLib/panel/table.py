"""Rows of a table widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import qt


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        key: of the object that it shows.
        cells: texts, one a column.
        tip: shown while the mouse rests on it.
        bold: to be noticed.
    """

    key: str
    cells: tuple[str, ...]
    tip: str = ""
    bold: bool = False


def set_columns(table: Any, titles: Sequence[str], stretched: int) -> None:
    """Name the columns; the one that is ``stretched`` takes the room that the others leave."""
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(list(titles))
    header = table.horizontalHeader()
    for column in range(len(titles)):
        mode = qt.QHeaderView.Stretch if column == stretched else qt.QHeaderView.ResizeToContents
        header.setSectionResizeMode(column, mode)


def fill(table: Any, rows: Sequence[Row]) -> None:
    """Show these rows; the selected one stays selected."""
    selected = key_of(table)
    was_blocked = table.blockSignals(True)
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate(row.cells):
            table.setItem(number, column, _item(row, text))
    table.clearSelection()
    for number, row in enumerate(rows):
        if row.key == selected:
            table.selectRow(number)
    table.blockSignals(was_blocked)


def key_of(table: Any, row: int | None = None) -> str | None:
    """Key of a row, by default of the selected one; ``None`` without one."""
    number = table.currentRow() if row is None else row
    item = table.item(number, 0) if number >= 0 else None
    return None if item is None else item.data(qt.Qt.UserRole)


def select(table: Any, key: str) -> None:
    """Select the row of this key, if there is one."""
    for number in range(table.rowCount):
        if key_of(table, number) == key:
            table.selectRow(number)


def _item(row: Row, text: str) -> Any:
    item = qt.QTableWidgetItem(text)
    item.setData(qt.Qt.UserRole, row.key)
    item.setToolTip(row.tip)
    if row.bold:
        font = item.font()
        font.setBold(True)
        item.setFont(font)
    return item
