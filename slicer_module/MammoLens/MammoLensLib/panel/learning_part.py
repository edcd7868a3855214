"""Learning from the exams that were confirmed normal: start, progress, stop, old figures against new ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import qt
from slicer.i18n import tr as _

from ..learning import Learning
from ..session import Session
from . import words
from .table import Row, fill, set_columns

_LOOK_EVERY = 2000  # ms
_BEFORE_WORDS = re.compile(r"^(\[[^\]]*\] )+\([^)]*\) - (failed: )?")  # time, process and place in a line of the log


class LearningPart:
    """The tab 'Learning'. While a training runs and the tab is in sight it looks at it every two seconds."""

    def __init__(self, ui, session: Session, learning: Learning) -> None:
        self._ui, self._session, self._learning = ui, session, learning
        self._waits = False
        set_columns(ui.figuresTable, ("", _("Before"), _("Serves now")), stretched=0)
        ui.startTrainingButton.connect("clicked()", self._start)
        ui.stopTrainingButton.connect("clicked()", learning.stop)
        ui.tabs.connect("currentChanged(int)", self._entered)

    def update(self) -> None:
        """Show how it is."""
        ui, learning = self._ui, self._learning
        is_free = self._session.client is not None and learning.busy is None
        ui.startTrainingButton.setEnabled(is_free and not learning.is_running)
        ui.stopTrainingButton.setEnabled(learning.is_running)
        ui.learningLabel.setText(escape(_("The model learns from the exams that were confirmed normal.")))
        ui.trainingLabel.setText(self._told())
        share = learning.status.share_done if learning.status is not None else None
        ui.trainingBar.setVisible(learning.is_running)
        ui.trainingBar.setRange(0, 0 if share is None else 100)
        ui.trainingBar.setValue(round(100 * (share or 0)))
        fill(ui.figuresTable, _figures(learning.replaced, learning.now))
        self._look_again()

    def _start(self) -> None:
        epochs = self._ui.epochsBox.value  # 0 shows as 'as the serving model'
        self._learning.start(epochs or None, self._ui.fromScratchBox.checked)

    def _told(self) -> str:
        learning = self._learning
        if learning.error is not None:
            return words.complaint(learning.error)
        if learning.status is None:
            return escape(_("No training was started yet."))
        status = {
            "SUBMITTED": _("The training is about to start."),
            "RUNNING": _("The model learns."),
            "DONE": _("Done: the new model serves."),
            "ERROR": _("The training failed; the model before it goes on serving."),
            "STOPPED": _("Stopped; the model before it goes on serving."),
        }.get(learning.status.status, learning.status.status)
        said = [_BEFORE_WORDS.sub("", line) for line in learning.status.lines[-1:]]
        return "<br>".join(escape(line) for line in (status, *said))

    def _entered(self, index: int) -> None:
        if self._is_in_sight():
            self._learning.look()

    def _look_again(self) -> None:
        if self._learning.is_running and self._learning.busy is None and not self._waits:
            self._waits = True
            qt.QTimer.singleShot(_LOOK_EVERY, self._look)

    def _look(self) -> None:
        self._waits = False
        if self._learning.is_running and self._is_in_sight():
            self._learning.look()

    def _is_in_sight(self) -> bool:
        tabs = self._ui.tabs
        return tabs.widget(tabs.currentIndex).objectName == self._ui.learningTab.objectName


def _figures(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Row]:
    """A row a figure that either model tells."""
    figures = {
        _("Model"): lambda record: record.get("model"),
        _("Patients learned from"): lambda record: record.get("patients", {}).get("train"),
        _("Patients for calibration"): lambda record: record.get("patients", {}).get("calibration"),
        _("Images learned from"): lambda record: record.get("images", {}).get("train"),
        _("Epochs"): lambda record: record.get("epochs"),
        _("Error on normals it never saw"): _validation_error,
    }
    rows = []
    for name, figure in figures.items():
        told = figure(before), figure(now)
        if any(value is not None for value in told):
            rows.append(Row(name, (name, *("" if value is None else str(value) for value in told))))
    return rows


def _validation_error(record: Mapping[str, Any]) -> str | None:
    """Of the epoch whose weights were kept."""
    errors, best = record.get("validation_errors") or [], record.get("best_epoch")
    return f"{errors[best - 1]:.4g}" if isinstance(best, int) and 0 < best <= len(errors) else None
