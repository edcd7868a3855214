"""The decision about the open exam, and the regions that go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import qt
from slicer.i18n import tr as _

from ..answers import Choice, Decision, Finding, Region, Verdict, View
from ..errors import MammoLensError
from ..markups import DrawnRegion
from ..session import Session
from . import words
from .table import Row, fill, set_columns

_LONGEST_COMMENT = 2000  # characters; what the server takes


class Regions(Protocol):
    """The regions that the person draws; :class:`..regions.Regions` is one."""

    changed: Callable[[], None]

    @property
    def count(self) -> int:
        """How many there are."""

    def draw(self) -> None:
        """Let the person click around a new one."""

    def adjust(self, view: View, finding: Finding) -> None:
        """Make one of a finding, to be corrected."""

    def drawn(self) -> tuple[DrawnRegion, ...]:
        """All of them, the oldest first."""

    def assess(self, key: str, finding_type: str | None, birads: str | None) -> None:
        """State what a region shows."""

    def remove_last(self) -> None:
        """Remove the one that was made last."""

    def clear(self) -> None:
        """Remove all."""

    def regions(self) -> tuple[Region, ...]:
        """In pixels of the images."""


class DecisionPart:
    """Verdicts, comment, regions, undo, next."""

    def __init__(
        self, ui: Any, session: Session, regions: Regions, selected: Callable[[], tuple[View, Finding] | None]
    ) -> None:
        self._ui, self._session, self._regions, self._selected = ui, session, regions, selected
        self._exam: str | None = None
        self._decisions = 0
        self._listed: tuple[tuple[str, str | None], ...] = ()
        self._undoing: Decision | None = None
        self._asks_again = False  # whether an exam is to be confirmed a second time
        regions.changed = self.update
        verdicts = {"normalButton": Verdict.NORMAL, "poorQualityButton": Verdict.POOR_QUALITY}
        for name, verdict in {**verdicts, "findingButton": Verdict.FINDING}.items():
            getattr(ui, name).connect("clicked()", lambda verdict=verdict: self.decide(verdict))
        ui.drawRegionButton.connect("clicked()", lambda: self._work(regions.draw))
        ui.adjustFindingButton.connect("clicked()", self._adjust)
        ui.removeRegionButton.connect("clicked()", regions.remove_last)
        ui.undoButton.connect("clicked()", self.undo)
        ui.nextButton.connect("clicked()", session.open_next)
        ui.findingsTable.connect("itemSelectionChanged()", self.update)
        set_columns(ui.regionsTable, (_("Region"), _("Finding type"), _("BI-RADS")), stretched=1)

    def decide(self, verdict: Verdict) -> None:
        """Save a verdict; the regions go with a finding only. 'Normal' asks twice where the server says so."""
        detail = self._session.detail
        if detail is None:
            return
        again = verdict is Verdict.NORMAL and bool(detail.suspect_reason or detail.safety_note)
        if again and not self._asks_again:
            self._asks_again = True
            self.update()
            return
        comment = self._ui.commentEdit.plainText.strip()[:_LONGEST_COMMENT]
        if verdict is not Verdict.FINDING:
            self._session.decide(verdict, comment, confirmed_again=again)
            return
        regions = self._regions
        self._work(lambda: self._session.decide(verdict, comment, regions.regions()))

    def undo(self) -> None:
        """Undo the last decision; its comment can then be edited again."""
        self._undoing = self._session.current_decision
        self._session.undo()

    def draw(self) -> None:
        """Start a region."""
        if self._session.detail is not None:
            self._work(self._regions.draw)

    def update(self) -> None:
        """Show what can be decided and what was."""
        ui, session, detail = self._ui, self._session, self._session.detail
        self._clear_drafts()
        self._restore_comment()
        self._list_regions()
        ui.decisionSection.setEnabled(detail is not None)
        for button in (ui.normalButton, ui.findingButton, ui.poorQualityButton):
            button.setEnabled(session.busy is None)
        ui.adjustFindingButton.setEnabled(self._selected() is not None)
        ui.removeRegionButton.setEnabled(self._regions.count > 0)
        ui.undoButton.setEnabled(session.busy is None and session.current_decision is not None)
        ui.nextButton.setEnabled(session.busy is None and detail is not None and detail.next is not None)
        ui.normalButton.setText(_("Confirm a second time") if self._asks_again else _("Confirm normal"))
        ui.regionsLabel.setText(_("Regions saved with a finding: {number}").format(number=self._regions.count))
        ui.decisionLabel.setText(self._words())

    def _words(self) -> str:
        """The note that follows a first 'Confirm normal', and the decisions."""
        detail = self._session.detail
        if detail is None:
            return ""
        note = detail.safety_note if self._asks_again else None
        return (words.note(note) if note else "") + words.decisions(detail)

    def _clear_drafts(self) -> None:
        """Another exam needs other regions; comments are for one decision."""
        detail = self._session.detail
        exam, decisions = (detail.exam, len(detail.decisions)) if detail is not None else (None, 0)
        if exam != self._exam:
            self._exam = exam
            self._regions.clear()
        elif decisions == self._decisions:
            return
        self._decisions = decisions
        self._undoing, self._asks_again = None, False
        self._ui.commentEdit.setPlainText("")

    def _restore_comment(self) -> None:
        undoing, detail = self._undoing, self._session.detail
        if undoing is None or detail is None:
            return
        if any(one.undone and one.id == undoing.id for one in detail.decisions):
            self._undoing = None
            if not self._ui.commentEdit.plainText.strip():
                self._ui.commentEdit.setPlainText(undoing.comment or "")
        elif self._session.busy is None:  # it was not undone
            self._undoing = None

    def _list_regions(self) -> None:
        """A row for each region, made only when there are others: a box that is open stays open."""
        table, drawn = self._ui.regionsTable, self._regions.drawn()
        listed = tuple((one.key, one.image) for one in drawn)
        table.setVisible(bool(drawn))
        if listed == self._listed:
            return
        self._listed = listed
        detail = self._session.detail
        names = {view.image: view.name for view in detail.views} if detail is not None else {}
        fill(
            table,
            [Row(one.key, (f"{row} {names.get(one.image or '', '')}", "", "")) for row, one in enumerate(drawn, 1)],
        )
        for row, one in enumerate(drawn):
            types = _choices(detail.finding_types if detail is not None else (), one.finding_type)
            categories = _choices(detail.birads_categories if detail is not None else (), one.birads)
            assess = self._assessing(one.key, types, categories)
            for column, box in enumerate((types, categories), 1):
                box.connect("currentIndexChanged(int)", assess)
                table.setCellWidget(row, column, box)

    def _assessing(self, key: str, types: Any, categories: Any) -> Callable[[], None]:
        return lambda: self._regions.assess(key, _chosen(types), _chosen(categories))

    def _adjust(self) -> None:
        selected = self._selected()
        if selected is not None:
            self._work(lambda: self._regions.adjust(*selected))

    def _work(self, action: Callable[[], None]) -> None:
        try:
            action()
        except MammoLensError as error:
            self._session.show_error(error)


def _choices(choices: Iterable[Choice], chosen: str | None) -> Any:
    """A box with the labels of values, and an empty choice before them."""
    box = qt.QComboBox()
    box.addItem("\N{EN DASH}", "")
    for choice in choices:
        box.addItem(choice.label, choice.value)
    box.setCurrentIndex(max(0, box.findData(chosen or "")))
    return box


def _chosen(box: Any) -> str | None:
    return box.itemData(box.currentIndex) or None
