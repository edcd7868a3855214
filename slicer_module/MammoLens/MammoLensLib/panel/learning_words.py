"""Texts of the tab 'Learning'. Text from the server is escaped."""

from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from ..answers import LearningJob, Model, Models
from . import words
from .table import Row


def serving(models: Models) -> str:
    """The model in use, since when, and what it was trained on."""
    model = models.named(models.serving)
    if model is None:
        return escape(_("No model is in use."))
    event = next((one for one in models.history if one.version == model.model), None)
    parts = [f"<b>{escape(model.model)}</b>"]
    if event is not None and event.time:
        parts.append(escape(_("since {time}").format(time=words.moment(event.time))))
    if model.patients is not None:
        parts.append(escape(_("trained on {number} patients").format(number=model.patients)))
    return _("In use: {model}").format(model=", ".join(parts)) + "."


def job_status(job: LearningJob | None, waiting: int) -> str:
    """Kind and state of a job, what it does or why it ended so, and the number of jobs queued behind it.

    Args:
        waiting: number of queued jobs behind it.
    """
    if job is None:
        return escape(_("No training yet. The model learns from exams that were confirmed as normal."))
    lines = [_sentence(f"{job.kind_label}: {job.state_label}"), _sentence(job.doing)]
    if job.outcome is not None and (job.outcome.serves or job.outcome.waits):
        lines.append(_sentence(job.outcome.reason))
    if waiting:
        lines.append(_("Queued behind it: {number}.").format(number=waiting))
    return "<br>".join(escape(line) for line in lines if line)


def gate_result(model: Model | None) -> str:
    """The gate's result for a model."""
    if model is None:
        return ""
    if model.gate_result is None:
        return escape(_("Not compared with another model."))
    lines = [_sentence(model.gate_result.reason or "")]
    if model.gate_result.overridden_by:
        lines.append(_("Promoted against the gate by {name}.").format(name=model.gate_result.overridden_by))
    return "<br>".join(escape(line) for line in lines if line)


def figures(model: Model | None) -> list[Row]:
    """A row for each check: label, figure of the old and of the new model, result."""
    checks = model.gate_result.checks if model is not None and model.gate_result is not None else ()
    return [
        Row(
            check.name,
            (check.label, check.serving_text, check.candidate_text, check.outcome_label),
            tip=_sentence(check.sentence or ""),
            bold=not check.passed,
        )
        for check in checks
    ]


def _sentence(clause: str | None) -> str:
    text = (clause or "").strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""
