"""The models of the server and the gate's checks of each; accept, keep the old one, roll back."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from ..answers import WAITS, Model, Models
from ..learning import Learning
from . import learning_words, words
from .table import Row, fill, key_of, select, set_columns


class ModelsPart:
    """Table of models and the checks of the selected one; a waiting model is selected first."""

    def __init__(self, ui: Any, learning: Learning) -> None:
        self._ui, self._learning = ui, learning
        self._shown: Models | None = None
        set_columns(ui.modelsTable, (_("Model"), _("State"), _("Since")), stretched=0)
        set_columns(ui.figuresTable, ("", _("In use"), _("Candidate"), _("Result")), stretched=0)
        ui.modelsTable.connect("itemSelectionChanged()", self.update)
        ui.whyEdit.connect("textChanged(QString)", self._typed)
        ui.acceptButton.connect("clicked()", self._accept)
        ui.keepButton.connect("clicked()", self._keep)
        ui.rollBackButton.connect("clicked()", self._roll_back)

    def update(self) -> None:
        """Show them."""
        ui, models = self._ui, self._models
        if models is not self._shown:
            self._show(models)
        chosen = self._chosen()
        ui.verdictLabel.setText(learning_words.gate_result(chosen))
        rows = learning_words.figures(chosen)
        fill(ui.figuresTable, rows)
        ui.figuresTable.setVisible(bool(rows))
        overrules = chosen is not None and chosen.needs_reason
        ui.acceptButton.setText(_("Use anyway") if overrules else _("Accept"))
        can_serve = chosen is not None and chosen.can_serve
        ui.acceptButton.setEnabled(can_serve and (bool(self._why) or not overrules))
        ui.keepButton.setEnabled(chosen is not None and chosen.state == WAITS)
        ui.rollBackButton.setEnabled(bool(self._why) and models.can_roll_back)
        asked = _("Reason (required against the gate's verdict)")
        ui.whyEdit.setPlaceholderText(asked if can_serve and overrules else _("Reason (required to roll back)"))

    @property
    def _models(self) -> Models:
        return self._learning.state.models if self._learning.state is not None else Models()

    @property
    def _why(self) -> str:
        return self._ui.whyEdit.text.strip()

    def _show(self, models: Models) -> None:
        ui = self._ui
        seen = {one.model for one in self._shown.models} if self._shown is not None else set()
        self._shown = models
        fill(ui.modelsTable, [_row(one) for one in models.models])
        waiting = models.waiting
        news = waiting is not None and waiting.model not in seen
        if waiting is not None and (news or key_of(ui.modelsTable) is None):
            select(ui.modelsTable, waiting.model)
        elif models.models and key_of(ui.modelsTable) is None:
            select(ui.modelsTable, models.models[0].model)

    def _chosen(self) -> Model | None:
        return self._models.named(key_of(self._ui.modelsTable))

    def _typed(self, text: str) -> None:
        self.update()

    def _accept(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._learning.accept(chosen.model, self._taken())

    def _keep(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._learning.keep_old(chosen.model, self._taken())

    def _roll_back(self) -> None:
        self._learning.roll_back(self._taken())

    def _taken(self) -> str:
        """The reason, which is for one change only."""
        why = self._why
        self._ui.whyEdit.setText("")
        return why


def _row(model: Model) -> Row:
    cells = (model.model, model.state_label, words.moment(model.added_at))
    known = {
        _("Trained on {number} patients"): model.patients,
        _("Calibrated on {number} patients"): model.calibrated_on,
        _("{number} epochs"): model.epochs,
    }
    lines = (text.format(number=number) for text, number in known.items() if number is not None)
    tip = "\n".join((model.model, *lines))
    return Row(model.model, cells, tip, bold=model.state in ("serving", WAITS))
