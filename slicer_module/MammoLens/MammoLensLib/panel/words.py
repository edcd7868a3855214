"""Words and HTML of the panel. Whatever comes from the server is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from slicer.i18n import tr as _

from ..answers import Decision, ExamDetail, HeatLevel, View
from ..errors import MammoLensError
from ..requester import Activity, Busy

ERROR_STYLE = "QLabel { background: #fbe3e1; color: #7a1410; border: 1px solid #d9827b; padding: 4px; }"
CALM_STYLE = "QLabel { background: #fdf3d8; color: #5c4300; border: 1px solid #e0c26a; padding: 4px; }"


def doing(busy: Busy) -> str:
    """What is under way."""
    words = {
        Activity.CONNECTING: _("Connecting"),
        Activity.RELOADING: _("Reading the worklist"),
        Activity.OPENING: _("Opening the exam"),
        Activity.LOADING_PRIOR: _("Loading the prior exam"),
        Activity.ANALYSING_PRIOR: _("Analysing the prior exam"),
        Activity.DECIDING: _("Saving the decision"),
        Activity.UNDOING: _("Undoing the decision"),
        Activity.FETCHING_LEVELS: _("Loading the heat levels"),
        Activity.LEARNING: _("Reading jobs and models"),
    }[busy.activity]
    return escape(f"{words}: {busy.words}" if busy.words else words)


def error_text(error: MammoLensError) -> str:
    """An error with its remedy."""
    reason, remedy = escape(error.reason), escape(_sentence(error.remedy))
    return f"<b>{escape(error.what)}</b>: {reason}.<br>{remedy}"


def exam(detail: ExamDetail | None, problems: Iterable[str]) -> str:
    """Patient, comparison with normal exams, breasts and problems."""
    if detail is None:
        return escape(_("No exam is open. Choose one in the worklist."))
    entry = detail.entry
    title = ", ".join(word for word in (entry.patient, entry.study_date) if word)
    lines = [f"<b>{escape(title)}</b>"]
    if entry.exam_is_anomalous is not None:
        flag = _("Flagged.") if entry.exam_is_anomalous else _("Not flagged.")
        lines.append(f"<b>{escape(entry.score_text or '')}</b>")
        lines.append(f"<b>{escape(flag)}</b> {escape(entry.sentence or '')}")
    for breast in detail.breasts:
        if breast.sentence:
            lines.append(escape(f"{breast.name}: {breast.score_text or ''}. {breast.sentence}"))
    if detail.suspect_reason:
        text = _(
            "Suspect normal: this exam was confirmed as normal, but {reason}. "
            "No model trains on it until a reader confirms it again."
        )
        lines.append(f"<b>{escape(text.format(reason=detail.suspect_reason))}</b>")
    if detail.missing:
        lines.append(escape(_("Missing views: {views}.").format(views=", ".join(detail.missing))))
    if detail.technical_quality:
        lines.append(escape(detail.technical_quality))
    lines += [escape(problem) for problem in dict.fromkeys((*entry.problems, *problems))]
    return _lines(lines)


def legend(levels: Iterable[HeatLevel]) -> str:
    """A line a level, the highest first: its colour, its name, its meaning."""
    lines = (
        f'<font color="{escape(level.colour or "#808080")}">\N{BLACK SQUARE}</font> <b>{escape(level.name)}</b> '
        f"{escape(level.meaning or '')}"
        for level in reversed(list(levels))
    )
    return "<br>".join(lines)


def views(shown: Iterable[View]) -> str:
    """Result and quality problems of each view."""
    lines = []
    for view in shown:
        texts = [view.sentence, view.error, *(doubt.explanation or doubt.flag for doubt in view.quality)]
        lines.append(f"<b>{escape(view.name)}</b> " + " ".join(escape(word) for word in texts if word))
    return _lines(lines)


def note(text: str) -> str:
    """A note to be noticed."""
    return _lines((f"<b>{escape(text)}</b>",))


def decisions(detail: ExamDetail) -> str:
    """The decision in effect, and below it the others, the newest first."""
    current = next((one for one in reversed(detail.decisions) if not one.undone), None)
    others = [_decision(detail, one) for one in reversed(detail.decisions) if one is not current]
    first = escape(_("Not reviewed.")) if current is None else _decision(detail, current)
    return first if not others else _lines((first, escape(_("Earlier decisions")), *others))


def _decision(detail: ExamDetail, one: Decision) -> str:
    """Verdict, reviewer, time, regions with their assessment, comment."""
    by = _("by {reviewer}").format(reviewer=one.reviewer) if one.reviewer else ""
    number = len(one.regions)
    regions = "" if not number else _("1 region") if number == 1 else _("{number} regions").format(number=number)
    undone = _("undone") if one.undone else ""
    again = _("confirmed twice") if one.confirmed_again else ""
    words = (f"<b>{escape(one.verdict_label)}</b>", *map(escape, (again, by, moment(one.time), regions, undone)))
    names = {view.image: view.name for view in detail.views}
    assessed = [f"{names.get(region.image, '')} {region.label}" for region in one.regions if region.label]
    below = "".join(f"<br>{escape(text)}" for text in (*assessed, one.comment or "") if text)
    return ", ".join(word for word in words if word) + below


def moment(time: str | None) -> str:
    """A time of the server (ISO) on this computer's clock."""
    try:
        return datetime.fromisoformat(time or "").astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return time or ""


def _lines(lines: Iterable[str]) -> str:
    return "".join(f'<p style="margin: 2px 0">{line}</p>' for line in lines)


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."
