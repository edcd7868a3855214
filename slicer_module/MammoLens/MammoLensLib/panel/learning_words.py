"""Texts of the tab 'Learning'. Text from the server is escaped."""

from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from ..answers import RUNNING, LearningJob, Model, Models
from . import words
from .table import Row


def serving(models: Models) -> str:
    """Which model serves, since when, and what it has learned from."""
    model = models.named(models.serving)
    if model is None:
        return escape(_("No model is in use."))
    event = next((one for one in models.history if one.version == model.model), None)
    said = [f"<b>{escape(model.model)}</b>"]
    if event is not None and event.time:
        said.append(escape(_("since {time}").format(time=words.moment(event.time))))
    if model.patients is not None:
        said.append(escape(_("trained on {number} patients").format(number=model.patients)))
    return _("In use: {model}").format(model=", ".join(said)) + "."


def job_status(job: LearningJob | None, waiting: int) -> str:
    """State, remaining time and result of a job, and the number of jobs queued behind it.

    Args:
        waiting: number of queued jobs behind it.
    """
    if job is None:
        return escape(_("No training yet. The model learns from exams that were confirmed as normal."))
    lines = [_state(job)]
    if job.progress is not None and job.progress.sentence and job.state == RUNNING:
        lines.append(_sentence(job.progress.sentence))  # includes the remaining time, if known
    if job.outcome is not None and job.outcome.reason:
        lines.append(_sentence(job.outcome.reason))
    if job.error:
        lines.append(_sentence(job.error))
    if waiting:
        lines.append(_("Queued behind it: {number}.").format(number=waiting))
    return "<br>".join(escape(line) for line in lines if line)


def model_state(model: Model) -> str:
    """The state of a model."""
    states = {
        "serving": _("in use"),
        "waits": _("awaits approval"),
        "refused": _("rejected"),
        "former": _("previously used"),
        "pretrained": _("shipped"),
    }
    return states.get(model.state or "", model.state or "")


def gate_result(model: Model | None) -> str:
    """The verdict of the gate on a model."""
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
            (check.label, check.serving_text, check.candidate_text, _("passed") if check.passed else _("failed")),
            tip=_sentence(check.sentence or ""),
            bold=not check.passed,
        )
        for check in checks
    ]


def _state(job: LearningJob) -> str:
    learns = job.kind != "recalibrate"
    if job.state == "queued":
        return _("A training is queued.") if learns else _("A recalibration is queued.")
    if job.state == "running":
        return _("A training runs.") if learns else _("A recalibration runs.")
    if job.state == "stopped":
        return _("Stopped; the model in use stays.")
    if job.state == "failed":
        return _("Failed; the model in use stays.")
    outcome = job.outcome
    if outcome is None or job.state != "done":
        return job.state or ""
    if outcome.serves:
        return _("Done: the new model is in use.")
    return _("Done: the new model awaits approval.") if outcome.waits else _("Done: the model in use stays.")


def _sentence(clause: str | None) -> str:
    text = (clause or "").strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""
