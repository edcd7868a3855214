"""The worklist: its columns, its filter, and opening an exam."""

from __future__ import annotations

from html import escape
from typing import Any

from slicer.i18n import tr as _

from .. import worklist
from ..answers import ExamEntry
from ..parameters import MammoLensParameters
from ..session import Session
from . import words
from .table import Row, fill, key_of, select, set_columns

_STANDARD = {"R CC", "L CC", "R MLO", "L MLO"}  # the views of a screening exam
_SCORE, _P_VALUE = 3, 4  # columns
MOST_ROWS = 1000  # what fills within a blink; the filter finds the others


class WorklistPart:
    """Filter and table; a double click opens an exam."""

    def __init__(self, ui: Any, session: Session) -> None:
        self._ui, self._session = ui, session
        self._parameters: MammoLensParameters | None = None
        self._shown: tuple[Any, ...] | None = None
        columns = (_("Patient"), _("Date"), _("Views"), _("Score"), _("p-value"), _("Status"))
        set_columns(ui.worklistTable, columns, stretched=0)
        text = _("Share of normal exams that are at least as anomalous. Bold: flagged.")
        ui.worklistTable.horizontalHeaderItem(_P_VALUE).setToolTip(text)
        text = _("Tenth of normal exams that the exam falls in; 10 is the most anomalous.")
        ui.worklistTable.horizontalHeaderItem(_SCORE).setToolTip(text)
        ui.driftLabel.setStyleSheet(words.CALM_STYLE)
        ui.filterEdit.connect("textChanged(QString)", self._filter)
        ui.reloadButton.connect("clicked()", session.reload)
        ui.openButton.connect("clicked()", self.open_selected)
        ui.worklistTable.connect("cellDoubleClicked(int,int)", self._open)
        ui.worklistTable.connect("itemSelectionChanged()", self.update)

    def use(self, parameters: MammoLensParameters) -> None:
        """Take 'unreviewed only' from here from now on."""
        self._parameters = parameters

    def open_selected(self) -> None:
        """Open the selected exam."""
        exam = key_of(self._ui.worklistTable)
        if exam is not None:
            self._session.open(exam)

    def update(self) -> None:
        """Show the worklist."""
        ui, session = self._ui, self._session
        is_free = session.client is not None and session.busy is None
        self._fill()
        drift = session.worklist.drift
        ui.driftLabel.setVisible(drift.alarm)
        ui.driftLabel.setText(escape(drift.sentence or _("Recent exams differ from those of the calibration.")))
        ui.reloadButton.setEnabled(is_free)
        ui.openButton.setEnabled(is_free and key_of(ui.worklistTable) is not None)

    def _open(self, row: int, column: int) -> None:
        exam = key_of(self._ui.worklistTable, row)
        if exam is not None:
            self._session.open(exam)

    def _filter(self, text: str) -> None:
        self.update()

    def _fill(self) -> None:
        ui, session = self._ui, self._session
        unreviewed_only = self._parameters is not None and self._parameters.unreviewedOnly
        wanted = session.entries, ui.filterEdit.text, unreviewed_only, session.detail and session.detail.exam
        if wanted == self._shown:
            return
        self._shown = wanted
        entries = worklist.filtered(session.entries, ui.filterEdit.text, unreviewed_only)
        fill(ui.worklistTable, [_row(entry) for entry in entries[:MOST_ROWS]])
        if session.detail is not None:
            select(ui.worklistTable, session.detail.exam)
        ui.worklistLabel.setText(self._count(len(entries)))

    def _count(self, fitting: int) -> str:
        if self._session.client is None:
            return ""
        text = _("{fitting} of {total} exams").format(fitting=fitting, total=len(self._session.entries))
        return text if fitting <= MOST_ROWS else _("{count}, the first {most} shown").format(count=text, most=MOST_ROWS)


def _row(entry: ExamEntry) -> Row:
    number = "" if entry.exam_p_value is None else f"{entry.exam_p_value:.3f}"
    score = "" if entry.exam_decile is None else str(entry.exam_decile)
    is_standard = len(entry.views) == len(_STANDARD) == len(_STANDARD.intersection(entry.views))
    views = _("all four") if is_standard else ", ".join(entry.views)
    cells = (entry.patient or "", entry.study_date or "", views, score, number, worklist.status(entry))
    tip = "\n".join(word for word in (", ".join(entry.views), entry.sentence, *entry.problems) if word)
    return Row(entry.exam, cells, tip, bold=bool(entry.exam_is_anomalous))
