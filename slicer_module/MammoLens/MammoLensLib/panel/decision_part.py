"""The decision about the open exam, and the regions that go with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from slicer.i18n import tr as _

from ..answers import Finding, Region, Verdict, View
from ..errors import MammoLensError
from ..session import Session
from . import words

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
        regions.changed = self.update
        verdicts = {"normalButton": Verdict.NORMAL, "poorQualityButton": Verdict.POOR_QUALITY}
        for name, verdict in {**verdicts, "findingButton": Verdict.FINDING}.items():
            getattr(ui, name).connect("clicked()", lambda verdict=verdict: self.decide(verdict))
        ui.drawRegionButton.connect("clicked()", lambda: self._work(regions.draw))
        ui.adjustFindingButton.connect("clicked()", self._adjust)
        ui.removeRegionButton.connect("clicked()", regions.remove_last)
        ui.undoButton.connect("clicked()", session.undo)
        ui.nextButton.connect("clicked()", session.open_next)
        ui.findingsTable.connect("itemSelectionChanged()", self.update)

    def decide(self, verdict: Verdict) -> None:
        """Save a verdict; the regions go with a finding only."""
        if self._session.detail is None:
            return
        comment = self._ui.commentEdit.plainText.strip()[:_LONGEST_COMMENT]
        if verdict is not Verdict.FINDING:
            self._session.decide(verdict, comment)
            return
        regions = self._regions
        self._work(lambda: self._session.decide(verdict, comment, regions.regions()))

    def draw(self) -> None:
        """Start a region."""
        if self._session.detail is not None:
            self._work(self._regions.draw)

    def update(self) -> None:
        """Show what can be decided and what was."""
        ui, session, detail = self._ui, self._session, self._session.detail
        self._clear_drafts()
        ui.decisionSection.setEnabled(detail is not None)
        for button in (ui.normalButton, ui.findingButton, ui.poorQualityButton):
            button.setEnabled(session.busy is None)
        ui.adjustFindingButton.setEnabled(self._selected() is not None)
        ui.removeRegionButton.setEnabled(self._regions.count > 0)
        ui.undoButton.setEnabled(session.busy is None and session.current_decision is not None)
        ui.nextButton.setEnabled(session.busy is None and detail is not None and detail.next is not None)
        ui.regionsLabel.setText(_("Regions that go with a finding: {number}").format(number=self._regions.count))
        ui.decisionLabel.setText(words.decision(session.current_decision) if detail is not None else "")

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
        self._ui.commentEdit.setPlainText("")

    def _adjust(self) -> None:
        selected = self._selected()
        if selected is not None:
            self._work(lambda: self._regions.adjust(*selected))

    def _work(self, action: Callable[[], None]) -> None:
        try:
            action()
        except MammoLensError as error:
            self._session.show_error(error)
