"""Exams that were accepted as normal and ought to be looked at once more; a double click opens one."""

from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from ..answers import SecondLook
from ..learning import Learning
from ..session import Session
from .table import Row, fill, key_of, set_columns


class SecondLookPart:
    """Their list, and why the selected one is in it."""

    def __init__(self, ui, session: Session, learning: Learning) -> None:
        self._ui, self._session, self._learning = ui, session, learning
        self._shown: tuple[SecondLook, ...] | None = None
        set_columns(ui.secondLookTable, (_("Patient"), _("Views"), _("p-value")), stretched=1)
        ui.secondLookTable.connect("cellDoubleClicked(int,int)", self._open)
        ui.secondLookTable.connect("itemSelectionChanged()", self.update)

    def update(self) -> None:
        """Show them."""
        exams = self._learning.state.second_look if self._learning.state is not None else ()
        if exams != self._shown:
            self._shown = exams
            fill(self._ui.secondLookTable, [_row(exam) for exam in exams])
        self._ui.secondLookTable.setVisible(bool(exams))
        self._ui.secondLookLabel.setText(self._told(exams))

    def _told(self, exams: tuple[SecondLook, ...]) -> str:
        if not exams:
            return escape(_("No exam needs a second look."))
        told = _("Accepted as normal, but unlike normal exams: not learned from until they are confirmed once more.")
        key = key_of(self._ui.secondLookTable)
        selected = next((exam for exam in exams if exam.exam == key), None)
        reason = f"<br><b>{escape(selected.reason)}</b>" if selected is not None and selected.reason else ""
        return escape(told) + reason

    def _open(self, row: int, column: int) -> None:
        exam = key_of(self._ui.secondLookTable, row)
        if exam is not None:
            self._session.open(exam)


def _row(exam: SecondLook) -> Row:
    number = "" if exam.exam_p_value is None else f"{exam.exam_p_value:.3f}"
    return Row(exam.exam, (exam.patient or "", ", ".join(exam.views), number), tip=exam.reason or "")
