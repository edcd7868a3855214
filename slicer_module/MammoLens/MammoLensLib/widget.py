"""The panel: its parts, keys and status line, wired to session, learning and scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import qt

from .answers import Verdict
from .jobs import JobRunner
from .learning import Learning
from .panel import words
from .panel.decision_part import DecisionPart, Regions
from .panel.findings_part import FindingsPart, Shows
from .panel.heat_part import Heat, HeatPart
from .panel.learning_part import LearningPart
from .panel.priors_part import PriorsPart
from .panel.server_part import ServerPart, Settings
from .panel.worklist_part import WorklistPart
from .parameters import MammoLensParameters
from .session import Session


class StatusPart:
    """Notice, message, progress."""

    def __init__(self, ui: Any, session: Session) -> None:
        self._ui, self._session = ui, session
        ui.messageLabel.setStyleSheet(words.ERROR_STYLE)
        ui.cancelButton.connect("clicked()", session.cancel)

    def update(self) -> None:
        """Show error and progress, where there are any."""
        ui, busy, error = self._ui, self._session.busy, self._session.error
        ui.messageLabel.setVisible(error is not None)
        ui.messageLabel.setText(words.error_text(error) if error is not None else "")
        for widget in (ui.busyLabel, ui.busyBar, ui.cancelButton):
            widget.setVisible(busy is not None)
        ui.busyLabel.setText(words.doing(busy) if busy is not None else "")
        share = busy.share if busy is not None else None
        ui.busyBar.setRange(0, 0 if share is None else 100)  # 0 to 0: it moves without a percentage
        ui.busyBar.setValue(round(100 * (share or 0)))


class Shortcuts:
    """Keys of a window.

    Args:
        parent: the window.
        actions: what each key does. A field that is typed into keeps its letters: Qt asks it first.
    """

    def __init__(self, parent: Any, actions: Mapping[str, Callable[[], None]]) -> None:
        self._shortcuts = []
        for key, action in actions.items():
            shortcut = qt.QShortcut(qt.QKeySequence(key), parent)
            shortcut.connect("activated()", action)
            shortcut.setEnabled(False)
            self._shortcuts.append(shortcut)

    def enable(self, enabled: bool) -> None:
        """Listen, or leave the keys to others."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(enabled)

    def remove(self) -> None:
        """For good."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = []


_DRAIN_EVERY = 20  # ms


class Scene(Heat, Shows, Protocol):
    """What shows the open exam."""


class Panel:
    """Everything that the person sees and clicks.

    Args:
        ui: the widgets of MammoLens.ui by name.
        segment: adds the heat levels of the open exam as a segmentation.
        window: whose keys are listened to.
    """

    def __init__(
        self,
        ui: Any,
        *,
        session: Session,
        learning: Learning,
        runner: JobRunner,
        scene: Scene,
        regions: Regions,
        segment: Callable[[], None],
        settings: Settings,
        window: Any,
    ) -> None:
        self._ui, self._session, self._learning, self._runner = ui, session, learning, runner
        self._drains = False
        self._exam: str | None = None
        self._parameters: Any = None  # a MammoLensParameters, with the methods that its wrapper adds
        self._gui_tag = None
        self._heat = HeatPart(ui, session, scene, segment)
        self._findings = FindingsPart(ui, session, scene)
        self._decision = DecisionPart(ui, session, regions, lambda: self._findings.selected)
        self._worklist = WorklistPart(ui, session)
        self._server = ServerPart(ui, session, settings)
        self._priors = PriorsPart(ui, session)
        others = (StatusPart(ui, session), LearningPart(ui, session, learning))
        self._parts = (*others, self._server, self._worklist, self._heat, self._findings, self._priors, self._decision)
        self._shortcuts = Shortcuts(window, self._keys())
        for part in (session, learning):
            part.changed, part.working = self.update, self._drain_soon
        self.update()

    def use(self, parameters: MammoLensParameters | None) -> None:
        """Tie the panel to the parameters of the scene; ``None`` while there is no scene."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._gui_tag)
        self._parameters = parameters
        if parameters is None:
            return
        self._heat.use(parameters)
        self._worklist.use(parameters)
        ui = self._ui
        self._gui_tag = self._parameters.connectParametersToGui(
            {"showHeat": ui.showHeatBox, "opacity": ui.opacitySlider, "unreviewedOnly": ui.unreviewedOnlyBox}
        )
        self.parameters_changed()

    def parameters_changed(self) -> None:
        """Show heat and worklist as the parameters say now."""
        self._heat.apply()
        self._worklist.update()

    def update(self) -> None:
        """Show what session and learning hold."""
        for part in self._parts:
            part.update()
        opened = self._session.detail.exam if self._session.detail is not None else None
        if opened != self._exam:
            self._exam = opened
            self._ui.tabs.setCurrentWidget(self._ui.examTab if opened is not None else self._ui.worklistTab)
            self._heat.apply()

    def enter(self) -> None:
        """The module is shown: its keys work."""
        self._shortcuts.enable(True)

    def exit(self) -> None:
        """Another module is shown: its keys are not ours."""
        self._shortcuts.enable(False)

    def remove(self) -> None:
        """Cancel all work before the panel is removed."""
        self._runner.cancel_all()
        for part in (self._session, self._learning):
            part.changed = part.working = lambda: None
        self._shortcuts.remove()
        self.use(None)

    def _keys(self) -> dict[str, Callable[[], None]]:
        decide = self._decision.decide
        return {
            "N": self._session.open_next,
            "H": self._heat.toggle,
            "B": self._priors.compare_next,
            "D": self._decision.draw,
            "U": self._decision.undo,
            "C": lambda: decide(Verdict.NORMAL),
            "M": lambda: decide(Verdict.FINDING),
            "Q": lambda: decide(Verdict.POOR_QUALITY),
        }

    def _drain_soon(self) -> None:
        if not self._drains:
            self._drains = True
            qt.QTimer.singleShot(_DRAIN_EVERY, self._drain)

    def _drain(self) -> None:
        self._drains = False
        try:
            self._runner.drain()
        finally:
            if self._runner.running:
                self._drain_soon()
