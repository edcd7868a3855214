"""A training or a recalibration: start, progress, stop, go on."""

from __future__ import annotations

from ..answers import QUEUED, RESUMABLE, RUNNING
from ..learning import Learning
from ..session import Session
from . import learning_words


class TrainingPart:
    """What the server learns now."""

    def __init__(self, ui, session: Session, learning: Learning) -> None:
        self._ui, self._session, self._learning = ui, session, learning
        ui.startTrainingButton.connect("clicked()", self._start)
        ui.recalibrateButton.connect("clicked()", lambda: learning.recalibrate(ui.askBox.checked))
        ui.stopTrainingButton.connect("clicked()", learning.stop)
        ui.resumeTrainingButton.connect("clicked()", learning.resume)

    def update(self) -> None:
        """Show how it is."""
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
        ui.trainingLabel.setText(learning_words.job(job, len(waiting)) if learning.state is not None else "")

    def _start(self) -> None:
        ui = self._ui  # 0 epochs show as 'as the serving model'
        self._learning.start(ui.epochsBox.value or None, ui.fromScratchBox.checked, ui.askBox.checked)
