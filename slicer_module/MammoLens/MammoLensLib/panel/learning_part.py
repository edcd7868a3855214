"""The tab 'Learning' as a whole: which model serves, what went wrong, and looking again while something is learned."""

from __future__ import annotations

import qt

from ..learning import Learning
from ..session import Session
from . import learning_words, words
from .models_part import ModelsPart
from .second_look_part import SecondLookPart
from .training_part import TrainingPart

_LOOK_EVERY = 2000  # ms


class LearningPart:
    """While a job runs and the tab is in sight it looks at it every two seconds."""

    def __init__(self, ui, session: Session, learning: Learning) -> None:
        self._ui, self._learning = ui, learning
        self._waits = False
        models, second_look = ModelsPart(ui, learning), SecondLookPart(ui, session, learning)
        self._parts = (TrainingPart(ui, session, learning), models, second_look)
        ui.learningErrorLabel.setStyleSheet(words.ERROR_STYLE)
        ui.tabs.connect("currentChanged(int)", self._entered)

    def update(self) -> None:
        """Show how it is."""
        ui, learning = self._ui, self._learning
        state, error = learning.state, learning.error
        ui.learningLabel.setText(learning_words.serving(state.models) if state is not None else "")
        ui.learningErrorLabel.setVisible(error is not None)
        ui.learningErrorLabel.setText(words.complaint(error) if error is not None else "")
        for part in self._parts:
            part.update()
        self._look_again()

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
            self._learning.follow()

    def _is_in_sight(self) -> bool:
        tabs = self._ui.tabs
        return tabs.widget(tabs.currentIndex).objectName == self._ui.learningTab.objectName
