"""The part of a server in memory that learns; it answers as the real one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from MammoLensLib.answers import LearningJob, LearningJobs, Models, SuspectNormal, SuspectNormals
from MammoLensLib.jobs import CancelToken
from MammoLensLib.parsing import parsed

OLD, NEW = "restorer-0000", "restorer-1111"
Asked = Callable[[str, CancelToken | None], None]


def a_check(name: str, label: str, candidate: str, serving: str, passed: bool = True) -> dict[str, Any]:
    """A check as the server answers it."""
    figures = {
        "label": label,
        "outcome_label": "passed" if passed else "failed",
        "candidate_text": candidate,
        "serving_text": serving,
    }
    return {"name": name, "passed": passed, "sentence": f"the sentence of {name}", **figures}


def a_verdict(passed: bool = True) -> dict[str, Any]:
    """What the gate says of a new model."""
    return {
        "passed": passed,
        "reason": "not worse than the serving model beyond the margins" if passed else "refused: it flags too many",
        "against": OLD,
        "evaluated_at": "2026-02-02T03:00:00Z",
        "checks": [
            a_check("held_out_normals", "Held-out patients", "24", ""),
            a_check("realised_rate", "Normal patients flagged", "12 %" if passed else "50 %", "8 %", passed),
            a_check("synthetic_lesions_detected", "Detects synthetic lesions", "0.912", "0.900"),
        ],
        "overridden_by": None,
    }


def a_model(model: str, state: str, verdict: dict[str, Any] | None = None) -> dict[str, Any]:
    """A version as the server answers it."""
    return {
        "model": model,
        "state": state,
        "state_label": f"is {state}",
        "parent": None,
        "kind": "train",
        "added_at": "2026-02-02T02:00:00Z",
        "added_by": "anna",
        "images": 504,
        "patients": 126,
        "epochs": 20,
        "calibrated_on": 40,
        "gate_result": verdict,
        "can_serve": state != "serving",
        "needs_reason": verdict is None or not verdict["passed"],
    }


def a_job(number: int, state: str, kind: str = "train", **more: Any) -> dict[str, Any]:
    """A job as the server answers it."""
    doing = more.get("progress", {}).get("sentence") if state == "running" else None
    labels = {"kind_label": f"The {kind}", "state_label": f"is {state}", "doing": doing}
    return {"job": f"j-{number}", "kind": kind, "state": state, **labels, "asked_by": "anna", **more}


PROGRESS = {
    "stage": "learn",
    "sentence": "training: epoch 5 of 20, about 4 minutes left",
    "done": 5,
    "total": 20,
    "share": 0.25,
    "seconds_left": 240,
}


class LearningServer:
    """Jobs, models and exams to look at again, in the server's JSON."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.jobs_json: dict[str, Any] = {"jobs": [], "running": None, "queued": []}
        self.models_json: dict[str, Any] = {
            "serving": OLD,
            "can_roll_back": True,
            "models": [a_model(OLD, "serving")],
            "history": [],
        }
        self.exams: list[dict[str, Any]] = []
        self.wanted: dict[str, Any] = {}

    def tell(self, *jobs: dict[str, Any]) -> None:
        """These jobs, the newest first."""
        running = next((job["job"] for job in jobs if job["state"] == "running"), None)
        queued = [job["job"] for job in reversed(jobs) if job["state"] == "queued"]
        self.jobs_json = {"jobs": list(jobs), "running": running, "queued": queued}

    def jobs(self, cancelled: CancelToken | None = None) -> LearningJobs:
        self._asked("jobs", cancelled)
        return parsed(LearningJobs, self.jobs_json)

    def models(self, cancelled: CancelToken | None = None) -> Models:
        self._asked("models", cancelled)
        return parsed(Models, self.models_json)

    def suspect_normals(self, cancelled: CancelToken | None = None) -> tuple[SuspectNormal, ...]:
        self._asked("suspect_normals", cancelled)
        return parsed(SuspectNormals, {"exams": self.exams}).exams

    def start(self, kind: str, cancelled: CancelToken | None = None, **parameters: Any) -> LearningJob:
        self._asked("start", cancelled)
        self.wanted = {"kind": kind, **parameters}
        self.tell(a_job(1, "running", kind, progress=PROGRESS))
        return parsed(LearningJob, self.jobs_json["jobs"][0])

    def stop(self, job: str, cancelled: CancelToken | None = None) -> None:
        self._asked(f"stop {job}", cancelled)
        self.tell(a_job(1, "stopped"))

    def resume(self, job: str, cancelled: CancelToken | None = None) -> LearningJob:
        self._asked(f"resume {job}", cancelled)
        self.tell(a_job(1, "running"))
        return parsed(LearningJob, self.jobs_json["jobs"][0])

    def accept(self, model: str, why: str = "", cancelled: CancelToken | None = None) -> Models:
        self._asked(f"accept {model}: {why}", cancelled)
        return self._serve(model)

    def keep_old(self, model: str, why: str = "", cancelled: CancelToken | None = None) -> Models:
        self._asked(f"keep old, not {model}: {why}", cancelled)
        told = next(one for one in self.models_json["models"] if one["model"] == model)
        told |= {"state": "refused", "state_label": "is refused"}
        return parsed(Models, self.models_json)

    def roll_back(self, why: str = "", cancelled: CancelToken | None = None) -> Models:
        self._asked(f"roll back: {why}", cancelled)
        return self._serve(OLD)

    def _serve(self, model: str) -> Models:
        for one in self.models_json["models"]:
            one["state"] = "serving" if one["model"] == model else "former"
            one["state_label"] = f"is {one['state']}"
            one["can_serve"] = one["model"] != model
        event = {"event": "promoted", "time": "2026-02-02T04:00:00Z", "version": model}
        self.models_json = {**self.models_json, "serving": model, "history": [event]}
        return parsed(Models, self.models_json)
