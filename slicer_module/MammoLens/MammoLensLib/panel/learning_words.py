"""Words of the tab 'Learning', in those of a radiologist. Whatever comes from the server is escaped."""

from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from ..answers import RUNNING, Check, LearningJob, Model, Models
from . import words
from .table import Row


def serving(models: Models) -> str:
    """Which model serves, since when, and what it has learned from."""
    model = models.named(models.serving)
    if model is None:
        return escape(_("No model serves yet."))
    event = next((one for one in models.history if one.version == model.model), None)
    said = [f"<b>{escape(model.model)}</b>"]
    if event is not None and event.time:
        said.append(escape(_("since {time}").format(time=words.moment(event.time))))
    if model.patients is not None:
        said.append(escape(_("learned from {number} patients").format(number=model.patients)))
    return _("Serves now: {model}").format(model=", ".join(said)) + "."


def job(told: LearningJob | None, waiting: int) -> str:
    """How the job is, how long it takes, what came of it, and how many wait behind it.

    Args:
        waiting: how many others wait.
    """
    if told is None:
        return escape(_("Nothing was learned yet. The model learns from the exams that were confirmed normal."))
    lines = [_state(told)]
    if told.progress is not None and told.progress.sentence and told.state == RUNNING:
        lines.append(_sentence(told.progress.sentence))  # tells the time that is left, where it is known
    if told.outcome is not None and told.outcome.reason:
        lines.append(_sentence(told.outcome.reason))
    if told.error:
        lines.append(_sentence(told.error))
    if waiting:
        lines.append(_("Waiting behind it: {number}.").format(number=waiting))
    return "<br>".join(escape(line) for line in lines if line)


def model_state(model: Model) -> str:
    """What has become of a model."""
    told = {
        "serving": _("serves"),
        "waits": _("waits for you"),
        "refused": _("refused"),
        "former": _("served before"),
        "pretrained": _("shipped"),
    }
    return told.get(model.state or "", model.state or "")


def verdict(model: Model | None) -> str:
    """What was said of a model when it was judged."""
    if model is None:
        return ""
    if model.verdict is None:
        return escape(_("Was not set against another model."))
    lines = [_sentence(model.verdict.reason or "")]
    if model.verdict.overridden_by:
        lines.append(_("Let serve all the same by {name}.").format(name=model.verdict.overridden_by))
    return "<br>".join(escape(line) for line in lines if line)


def figures(model: Model | None) -> list[Row]:
    """A row a check: what was looked at, the old model's figure, the new one's, how it came out."""
    checks = model.verdict.checks if model is not None and model.verdict is not None else ()
    return [
        Row(
            check.name,
            (check_name(check), _figure(check, check.serving), _of_candidate(check), _passed(check)),
            tip=_sentence(check.sentence or ""),
            bold=not check.passed,
        )
        for check in checks
    ]


def check_name(check: Check) -> str:
    """What a check looks at."""
    names = {
        "held_out_normals": _("Patients it was tried on"),
        "realised_rate": _("Normal patients flagged"),
        "uniform_p_values": _("p-values hold"),
        "same_weights": _("Same network as before"),
        "synthetic_lesions_detected": _("Sees planted lesions"),
        "synthetic_lesions_compared": _("Loss on planted lesions"),
        "marked_findings": _("Loss on findings you marked"),
        "sentinels": _("Sentinel exams decided wrongly"),
    }
    return names.get(check.name, check.name.replace("_", " "))


def _of_candidate(check: Check) -> str:
    if check.candidate is None and check.interval is not None:
        return _("{low:.2f} to {high:.2f}").format(low=check.interval[0], high=check.interval[1])
    return _figure(check, check.candidate)


def _figure(check: Check, value: float | None) -> str:
    if value is None:
        return ""
    if check.name == "held_out_normals":
        return f"{value:.0f}"
    return f"{100 * value:.0f} %" if check.name in ("realised_rate", "sentinels") else f"{value:.3f}"


def _passed(check: Check) -> str:
    return _("good") if check.passed else _("not enough")


def _state(told: LearningJob) -> str:
    learns = told.kind != "recalibrate"
    if told.state == "queued":
        return _("A training waits for its turn.") if learns else _("A recalibration waits for its turn.")
    if told.state == "running":
        return _("A training runs.") if learns else _("A recalibration runs.")
    if told.state == "stopped":
        return _("Stopped; the model before it goes on serving.")
    if told.state == "failed":
        return _("It failed; the model before it goes on serving.")
    outcome = told.outcome
    if outcome is None or told.state != "done":
        return told.state or ""
    if outcome.serves:
        return _("Done: the new model serves.")
    return _("Done: the new model waits for you.") if outcome.waits else _("Done: the old model goes on serving.")


def _sentence(clause: str | None) -> str:
    told = (clause or "").strip()
    return f"{told[:1].upper()}{told[1:]}{'' if told.endswith('.') else '.'}" if told else ""
