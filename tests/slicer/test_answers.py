"""What the server answers, as values: nonsense in a field is nothing known, a missing id is an error.

That names and types are those of the server is compared with its schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from MammoLensLib.answers import (
    Drift,
    ExamDetail,
    ExamEntry,
    Finding,
    GateCheck,
    HangingSlot,
    JobOutcome,
    JobProgress,
    LearningJob,
    LearningJobs,
    Models,
    Region,
    SuspectNormals,
    Verdict,
    View,
    Worklist,
)
from MammoLensLib.errors import ServerError
from MammoLensLib.parsing import parsed

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "server.schema.json").read_text())["$defs"]
ANSWERS = {
    Worklist: "ExamList",
    ExamDetail: "ExamDetail",
    LearningJob: "JobDetail",
    LearningJobs: "JobList",
    Models: "ModelList",
    SuspectNormals: "SuspectNormalList",
}


def example(schema: dict[str, Any], *, known: bool = True) -> Any:
    """A value that fits a schema: everything that may be unknown is known, or nothing of it."""
    if "$ref" in schema:
        return example(SCHEMA[schema["$ref"].rpartition("/")[2]], known=known)
    if "anyOf" in schema:
        kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return example(kinds[0], known=True) if known or len(kinds) == len(schema["anyOf"]) else None
    if "enum" in schema:
        return schema["enum"][0]
    make: dict[str, Callable[[], Any]] = {
        "object": lambda: {name: example(one, known=known) for name, one in schema.get("properties", {}).items()},
        "array": lambda: [example(one, known=known) for one in schema.get("prefixItems") or [schema["items"]]],
        "string": lambda: "some text",
        "number": lambda: 0.5,
        "integer": lambda: 3,
        "boolean": lambda: True,
    }
    return make[schema["type"]]()


def unread(value: Any, name: str) -> list[str]:
    """Fields of a value and of its parts that are still as they are where nothing is told."""
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return unread(value[0], name)
    if not is_dataclass(value):
        return [name] if value in (None, (), False) else []
    return [path for one in fields(value) for path in unread(getattr(value, one.name), f"{name}.{one.name}")]


@pytest.mark.parametrize(("kind", "name"), ANSWERS.items(), ids=lambda one: getattr(one, "__name__", one))
def test_every_field_is_one_that_the_server_tells_and_of_its_kind(kind: type, name: str) -> None:
    assert unread(parsed(kind, example(SCHEMA[name])), kind.__name__) == []


@pytest.mark.parametrize(("kind", "name"), ANSWERS.items(), ids=lambda one: getattr(one, "__name__", one))
def test_what_the_server_does_not_know_is_read_too(kind: type, name: str) -> None:
    assert isinstance(parsed(kind, example(SCHEMA[name], known=False)), kind)


def test_verdicts_are_the_servers() -> None:
    assert {one.value for one in Verdict} == set(SCHEMA["Verdict"]["enum"])


VIEW = {
    "image": "a",
    "sop_instance_uid": "1.2",
    "laterality": "R",
    "view": "CC",
    "name": "R CC",
    "slot": {"label": "R CC", "row": 0, "column": 0},
    "p_value": 0.03,
    "percentile": 97,
    "is_anomalous": True,
    "quality": [{"flag": "low_contrast", "explanation": "pale"}],
    "findings": [
        {
            "rank": 1,
            "number": 3,
            "text": "high, 35 mm2",
            "level": "high",
            "peak": 8.5,
            "peak_location": [3, 4],
            "bounding_box": [1, 2, 5, 6],
            "contour": [[1, 2], [5, 2], [5.5, 6]],
            "area_mm2": 35.2,
        }
    ],
    "findings_left_out": 2,
    "error": None,
}
EXAM: dict[str, Any] = {
    "exam": "e-1",
    "patient": "173",
    "images": ["a"],
    "views": ["R CC"],
    "state": "running",
    "exam_p_value": 0.03,
    "verdict": None,
    "progress": {"done": 2, "total": 8, "doing": "analysing R CC"},
    "breasts": [
        {
            "laterality": "R",
            "name": "Right breast",
            "score": 2.5,
            "sentence": "More anomalous than 97 % of normal breasts.",
        }
    ],
    "levels": [{"name": "high", "value": 4, "share": 0.05, "segment": 3, "colour": "#bd0026", "meaning": "..."}],
    "views_in_detail": [VIEW],
    "decisions": [{"verdict": "finding", "regions": [{"image": "a", "points": [[1, 2], [3, 4]]}], "undone": True}],
    "next": "e-2",
    "something_new": {"of": "another version"},
}


def test_an_exam_is_read_in_full() -> None:
    exam = parsed(ExamDetail, EXAM)
    assert (exam.exam, exam.next, exam.entry.views, exam.entry.exam_p_value) == ("e-1", "e-2", ("R CC",), 0.03)
    assert (exam.progress.done, exam.progress.total, exam.progress.doing) == (2, 8, "analysing R CC")
    assert (exam.levels[0].name, exam.levels[0].value, exam.levels[0].segment) == ("high", 4.0, 3)
    assert exam.decisions[0].undone
    assert exam.decisions[0].regions == (Region("a", ((1.0, 2.0), (3.0, 4.0))),)
    (view,) = exam.views
    assert (view.name, view.is_anomalous, view.findings_left_out) == ("R CC", True, 2)
    assert view.slot == HangingSlot("R CC", 0, 0)
    contour = ((1.0, 2.0), (5.0, 2.0), (5.5, 6.0))
    assert view.findings == (
        Finding(1, "high, 35 mm2", "high", 8.5, (3.0, 4.0), (1.0, 2.0, 5.0, 6.0), contour, 35.2, 3),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"exam_p_value": "0.03", "exam_is_anomalous": "yes", "images": None, "problems": {}, "patient": 173},
        {"progress": [], "levels": None, "decisions": ["normal"], "next": "", "breasts": {}},
        {"views_in_detail": [{**VIEW, "findings": [{"rank": 1, "contour": [[1, 2], "x", [3]], "peak_location": [1]}]}]},
    ],
)
def test_what_cannot_be_read_is_not_known(changes: dict[str, Any]) -> None:
    exam = parsed(ExamDetail, {**EXAM, **changes})
    assert exam.exam == "e-1"
    for view in exam.views:
        assert all(finding.contour in ((), view.findings[0].contour) for finding in view.findings)
    if "exam_p_value" in changes:
        assert exam.entry.exam_p_value is exam.entry.exam_is_anomalous is exam.entry.patient is None
    if "levels" in changes:
        assert (exam.levels, exam.decisions, exam.next, exam.progress) == ((), (), None, None)


@pytest.mark.parametrize("told", [None, [], "e-1", {}, {"exam": ""}, {"exam": 7}])
def test_an_exam_without_id_is_an_error(told: object) -> None:
    with pytest.raises(ServerError, match="has no 'exam'"):
        parsed(ExamEntry, told)


def test_a_view_without_a_slot_is_an_error() -> None:
    with pytest.raises(ServerError, match="has no 'slot'"):
        parsed(View, {"image": "1.2.3"})


@pytest.mark.parametrize(
    ("told", "drift"),
    [
        ({"alarm": True, "sentence": "a new machine"}, Drift(True, "a new machine")),
        ({"alarm": "yes", "alarms": [3]}, Drift()),
        (None, Drift()),  # it cannot be told
    ],
)
def test_the_worklist_tells_drift_in_a_sentence(told: object, drift: Drift) -> None:
    assert parsed(Worklist, {"exams": [{"exam": "e-1"}], "drift": told}) == Worklist((ExamEntry("e-1"),), drift)


VERDICT = {
    "passed": True,
    "reason": "not worse",
    "checks": [{"name": "realised_rate", "passed": True, "candidate_text": "10 %", "serving_text": "20 %"}],
}


def models(**changes: Any) -> Models:
    """One that serves and a new one."""
    new = {
        "model": "new",
        "state": "waits",
        "patients": 126,
        "gate_result": VERDICT,
        "can_serve": True,
        "needs_reason": True,
        **changes,
    }
    old = {"model": "old", "model_id": "old-id", "state": "serving"}
    return parsed(Models, {"serving": "old", "models": [new, old], "history": [{"event": "waits", "version": "new"}]})


def test_models_are_read_in_full() -> None:
    told = models()
    assert told.waiting is told.models[0]
    assert (told.models[0].patients, told.models[0].can_serve, told.models[0].needs_reason) == (126, True, True)
    assert told.models[0].gate_result.checks == (
        GateCheck("realised_rate", passed=True, candidate_text="10 %", serving_text="20 %"),
    )
    assert told.history[0].event == "waits"
    assert told.named("old").state == "serving"
    assert told.named("unknown") is None


def test_what_cannot_be_read_of_a_model_is_not_known() -> None:
    told = models(patients="many", gate_result=[], can_serve="yes", added_at=3)
    assert told.models[0].patients is told.models[0].gate_result is told.models[0].added_at is None
    assert not told.models[0].can_serve


def jobs(*states: str) -> LearningJobs:
    """The newest first, as the server tells them."""
    told = [{"job": f"j-{number}", "state": state} for number, state in reversed(list(enumerate(states)))]
    running = next((one["job"] for one in told if one["state"] == "running"), None)
    queued = [one["job"] for one in reversed(told) if one["state"] == "queued"]
    return parsed(LearningJobs, {"jobs": told, "running": running, "queued": queued})


@pytest.mark.parametrize(
    ("states", "current"),
    [
        (("done", "running", "queued", "queued"), "j-1"),
        (("done", "queued", "queued"), "j-1"),  # the next in the queue, not the newest
        (("done", "stopped"), "j-1"),
        ((), None),
    ],
)
def test_the_job_that_matters_runs_or_is_next_or_was_the_last(states: tuple[str, ...], current: str | None) -> None:
    found = jobs(*states).current
    assert (found.job if found else None) == current


def test_a_job_is_read_in_full() -> None:
    told = {
        "job": "j-1",
        "kind": "train",
        "state": "running",
        "progress": {"stage": "learn", "sentence": "epoch 2 of 8", "share": 0.4, "done": 2},
        "outcome": {"model": "m", "serves": False, "waits": True, "reason": "not worse"},
    }
    job = parsed(LearningJob, told)
    assert job.progress == JobProgress("learn", "epoch 2 of 8", 0.4)
    assert job.outcome == JobOutcome("m", serves=False, waits=True, reason="not worse")


@pytest.mark.parametrize("odd", [{"progress": [], "outcome": "done"}, {"progress": {"stage": 3}, "outcome": None}])
def test_what_cannot_be_read_of_a_job_is_not_known(odd: dict[str, object]) -> None:
    job = parsed(LearningJob, {"job": "j-1", "asked_by": 7, **odd})
    assert job.progress is job.outcome is job.asked_by is None
