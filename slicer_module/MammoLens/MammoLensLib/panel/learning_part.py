"""The tab 'Learning': the serving model, jobs, and normal exams that look suspect."""

from __future__ import annotations

from html import escape
from typing import Any

import qt
from slicer.i18n import tr as _

from ..answers import QUEUED, RESUMABLE, RUNNING, SuspectNormal
from ..learning import Learning
from ..session import Session
from . import learning_words, words
from .models_part import ModelsPart
from .table import Row, fill, key_of, set_columns


class TrainingPart:
    """What the server learns now."""

    def __init__(self, ui: Any, session: Session, learning: Learning) -> None:
        self._ui, self._session, self._learning = ui, session, learning
        ui.startTrainingButton.connect("clicked()", self._start)
        ui.recalibrateButton.connect("clicked()", lambda: learning.recalibrate(ui.askBox.checked))
        ui.stopTrainingButton.connect("clicked()", learning.stop)
        ui.resumeTrainingButton.connect("clicked()", learning.resume)

    def update(self) -> None:
        """Show the current state."""
        ui, learning, job = self._ui, self._learning, self._learning.job
        can_start = self._session.client is not None and learning.state is not None
        state = job.state if job is not None else None
        ui.startTrainingButton.setEnabled(can_start)  # others wait in a queue
        ui.recalibrateButton.setEnabled(can_start)
        ui.stopTrainingButton.setEnabled(state in (RUNNING, QUEUED))
        ui.resumeTrainingButton.setEnabled(state in RESUMABLE)
        share = job.progress.share if job is not None and job.progress is not None else None
        ui.trainingBar.setVisible(state == RUNNING)
        ui.trainingBar.setRange(0, 0 if share is None else 100)
        ui.trainingBar.setValue(round(100 * (share or 0)))
        queued = learning.state.jobs.queued if learning.state is not None else ()
        waiting = [one for one in queued if job is not None and one != job.job]
        ui.trainingLabel.setText(learning_words.job_status(job, len(waiting)) if learning.state is not None else "")

    def _start(self) -> None:
        ui = self._ui  # 0 epochs show as 'as the model in use'
        self._learning.start(ui.epochsBox.value or None, ui.fromScratchBox.checked, ui.askBox.checked)


class SuspectNormalsPart:
    """Their list, and why the selected one is in it."""

    def __init__(self, ui: Any, session: Session, learning: Learning) -> None:
        self._ui, self._session, self._learning = ui, session, learning
        self._shown: tuple[SuspectNormal, ...] | None = None
        set_columns(ui.suspectNormalsTable, (_("Patient"), _("Views"), _("p-value")), stretched=1)
        ui.suspectNormalsTable.connect("cellDoubleClicked(int,int)", self._open)
        ui.suspectNormalsTable.connect("itemSelectionChanged()", self.update)

    def update(self) -> None:
        """Show them."""
        exams = self._learning.state.suspect_normals if self._learning.state is not None else ()
        if exams != self._shown:
            self._shown = exams
            fill(self._ui.suspectNormalsTable, [_row(exam) for exam in exams])
        self._ui.suspectNormalsTable.setVisible(bool(exams))
        self._ui.suspectNormalsLabel.setText(self._text(exams))

    def _text(self, exams: tuple[SuspectNormal, ...]) -> str:
        if not exams:
            return escape(_("No suspect normals."))
        text = _("Accepted as normal, but unlike normal exams: left out of training until confirmed a second time.")
        key = key_of(self._ui.suspectNormalsTable)
        selected = next((exam for exam in exams if exam.exam == key), None)
        reason = f"<br><b>{escape(selected.reason)}</b>" if selected is not None and selected.reason else ""
        return escape(text) + reason

    def _open(self, row: int, column: int) -> None:
        exam = key_of(self._ui.suspectNormalsTable, row)
        if exam is not None:
            self._session.open(exam)


def _row(exam: SuspectNormal) -> Row:
    number = "" if exam.exam_p_value is None else f"{exam.exam_p_value:.3f}"
    return Row(exam.exam, (exam.patient or "", ", ".join(exam.views), number), tip=exam.reason or "")


_POLL_EVERY = 2000  # ms


class LearningPart:
    """While a job runs and the tab is visible, its progress is read every two seconds."""

    def __init__(self, ui: Any, session: Session, learning: Learning) -> None:
        self._ui, self._learning = ui, learning
        self._waits = False
        models, suspect_normals = ModelsPart(ui, learning), SuspectNormalsPart(ui, session, learning)
        self._parts = (TrainingPart(ui, session, learning), models, suspect_normals)
        ui.learningErrorLabel.setStyleSheet(words.ERROR_STYLE)
        ui.tabs.connect("currentChanged(int)", self._entered)

    def update(self) -> None:
        """Show the current state."""
        ui, learning = self._ui, self._learning
        state, error = learning.state, learning.error
        ui.learningLabel.setText(learning_words.serving(state.models) if state is not None else "")
        ui.learningErrorLabel.setVisible(error is not None)
        ui.learningErrorLabel.setText(words.error_text(error) if error is not None else "")
        for part in self._parts:
            part.update()
        self._poll_later()

    def _entered(self, index: int) -> None:
        if self._is_visible():
            self._learning.refresh()

    def _poll_later(self) -> None:
        if self._learning.is_running and self._learning.busy is None and not self._waits:
            self._waits = True
            qt.QTimer.singleShot(_POLL_EVERY, self._poll)

    def _poll(self) -> None:
        self._waits = False
        if self._learning.is_running and self._is_visible():
            self._learning.poll()

    def _is_visible(self) -> bool:
        tabs = self._ui.tabs
        return tabs.widget(tabs.currentIndex).objectName == self._ui.learningTab.objectName
