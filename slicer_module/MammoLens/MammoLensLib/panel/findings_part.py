"""The findings, the most anomalous first; a click shows one."""

from __future__ import annotations

from html import escape
from typing import Any, Protocol

from slicer.i18n import tr as _

from ..answers import ExamDetail, Finding, View
from ..errors import MammoLensError
from ..session import Session
from . import words
from .table import Row, fill, key_of, set_columns


class Shows(Protocol):
    """Centres the view on a finding."""

    def show_finding(self, image: str, rank: int) -> None:
        """Centre the view; raises MammoLensError if it cannot."""


class FindingsPart:
    """The list of findings, and what is said of the views."""

    def __init__(self, ui: Any, session: Session, scene: Shows) -> None:
        self._ui, self._session, self._scene = ui, session, scene
        self._shown: ExamDetail | None = None
        self._findings: dict[str, tuple[View, Finding]] = {}
        set_columns(ui.findingsTable, (_("View"), _("Finding"), _("Area"), _("Prior")), stretched=1)
        ui.findingsTable.connect("itemSelectionChanged()", self._jump)
        self._show_exam()

    @property
    def selected(self) -> tuple[View, Finding] | None:
        """The selected finding and its view."""
        return self._findings.get(key_of(self._ui.findingsTable) or "")

    def update(self) -> None:
        """Show the open exam."""
        if self._session.detail is not self._shown:
            self._shown = self._session.detail
            self._show_exam()

    def _show_exam(self) -> None:
        ui, detail = self._ui, self._shown
        shown = detail.views if detail is not None else ()
        found = [(view, finding) for view in shown for finding in view.findings]
        found.sort(key=lambda one: one[1].number)
        self._findings = {f"{view.image} {finding.rank}": (view, finding) for view, finding in found}
        ui.findingsTable.setColumnHidden(3, all(finding.prior is None for _view, finding in found))
        fill(ui.findingsTable, [_row(key, view, finding) for key, (view, finding) in self._findings.items()])
        self._describe()
        ui.examLabel.setText(words.exam(detail, self._session.problems))
        ui.viewsLabel.setText(words.views(shown))
        ui.viewsSection.setEnabled(detail is not None)
        ui.findingsSection.setEnabled(detail is not None)

    def _describe(self) -> None:
        """Below the table: the selected finding in full, for which the table has no room, and how many are left out."""
        selected, left_out = self.selected, self._left_out()
        lines = [_words(selected[1])] if selected is not None else []
        below = "<br>".join(escape(line) for line in (*lines, left_out) if line)
        self._ui.findingsLabel.setText(below)
        self._ui.findingsLabel.setVisible(bool(below))

    def _left_out(self) -> str:
        if self._shown is None:
            return ""
        if not self._findings:
            return _("No findings.") if self._shown.entry.state == "done" else _("Not analysed.")
        number = sum(view.findings_left_out for view in self._shown.views)
        return _("and {number} with lower peaks").format(number=number) if number else ""

    def _jump(self) -> None:
        self._describe()
        selected = self.selected
        if selected is None:
            return
        try:
            self._scene.show_finding(selected[0].image, selected[1].rank)
        except MammoLensError as error:
            self._session.show_error(error)


def _row(key: str, view: View, finding: Finding) -> Row:
    """The server's words, without the view and the size, which have columns of their own."""
    words = (finding.text or finding.level or "").split(", ")
    sizes = [word for word in words if word.endswith((" mm2", " pixels"))]
    place = ", ".join(word for word in words if word != view.name and word not in sizes)
    area = "".join(sizes) if finding.area_mm2 is None else f"{finding.area_mm2:.0f} mm\N{SUPERSCRIPT TWO}"
    return Row(key, (view.name, f"{finding.number}: {place}", area, _status(finding)), tip=_words(finding))


def _words(finding: Finding) -> str:
    """The server's words for it, and for its comparison with the latest prior exam."""
    prior = finding.prior.text if finding.prior is not None else None
    return ". ".join(word for word in (finding.text, prior) if word)


def _status(finding: Finding) -> str:
    """Whether it was there at the latest prior exam, in short; the tip has the server's words."""
    known = {"new": _("New"), "seen": _("Seen before"), "not_comparable": _("Not comparable")}
    return known.get(finding.prior.status or "", "") if finding.prior is not None else ""
