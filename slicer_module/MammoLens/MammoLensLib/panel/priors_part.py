"""The patient's prior exams, and whether one is on the screen. The words are those of OHIF's panel."""

from __future__ import annotations

from html import escape
from typing import Any

from slicer.i18n import tr as _

from ..answers import ExamDetail, PriorExam
from ..comparison import Comparison
from ..session import Session


class PriorsPart:
    """A list of priors, what is compared, and what cannot be."""

    def __init__(self, ui: Any, session: Session) -> None:
        self._ui, self._session = ui, session
        self._shown: ExamDetail | None = None
        self._buttons = {
            Comparison.CURRENT: ui.compareCurrentButton,
            Comparison.BOTH: ui.compareBothButton,
            Comparison.PRIOR: ui.comparePriorButton,
        }
        for comparison, button in self._buttons.items():
            button.connect("clicked()", lambda chosen=comparison: self._compare(chosen))
        ui.priorBox.connect("activated(int)", self._choose)
        ui.analysePriorButton.connect("clicked()", session.analyse_prior)

    def update(self) -> None:
        """Show the priors of the open exam."""
        ui, session, detail = self._ui, self._session, self._session.detail
        if detail is not self._shown:
            self._shown = detail
            self._list(detail)
        prior, is_idle = session.prior, session.busy is None
        for comparison, button in self._buttons.items():
            button.setChecked(comparison is session.comparison)
            needs_views = comparison is not Comparison.CURRENT
            button.setEnabled(is_idle and not (needs_views and (prior is None or not prior.views)))
        ui.priorBox.setEnabled(is_idle)
        ui.analysePriorButton.setVisible(prior is not None and prior.state == "new")
        ui.analysePriorButton.setEnabled(is_idle)
        ui.priorsLabel.setText(_notes(detail, prior, session.prior_problems))

    def compare_next(self) -> None:
        """Current, both, prior, and current again."""
        prior, every = self._session.prior, list(Comparison)
        if prior is not None and prior.views:
            self._compare(every[(every.index(self._session.comparison) + 1) % len(every)])

    def _list(self, detail: ExamDetail | None) -> None:
        priors = detail.priors if detail is not None else ()
        ui = self._ui
        ui.priorsSection.setVisible(bool(priors or (detail is not None and detail.prior_cautions)))
        for widget in (ui.priorBox, *self._buttons.values()):
            widget.setVisible(bool(priors))
        ui.priorBox.clear()
        for prior in priors:
            ui.priorBox.addItem(_entry(prior), prior.exam)
        if self._session.prior is not None:
            ui.priorBox.setCurrentIndex(ui.priorBox.findData(self._session.prior.exam))

    def _choose(self, index: int) -> None:
        self._session.choose_prior(self._ui.priorBox.itemData(index))

    def _compare(self, comparison: Comparison) -> None:
        self._session.compare(comparison)
        self.update()  # a button that changed nothing must not stay pressed


def _entry(prior: PriorExam) -> str:
    score = prior.score_text or (_("cannot be analysed") if prior.state == "failed" else _("not analysed"))
    return ", ".join(word for word in (prior.study_date, score, prior.verdict_label) if word)


def _notes(detail: ExamDetail | None, prior: PriorExam | None, problems: tuple[str, ...]) -> str:
    lines = list(problems)
    if prior is not None and prior.unmatched:
        lines.append(_("No comparable prior view: {views}.").format(views=", ".join(prior.unmatched)))
    lines += detail.prior_cautions if detail is not None else ()
    if prior is not None:
        lines.append(_("Prior exams do not affect score, category or flag."))
    return "<br>".join(escape(line) for line in lines)
