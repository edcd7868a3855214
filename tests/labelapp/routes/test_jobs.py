from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobState


def ask(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/mammolens/jobs", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_a_job_waits_with_its_parameters_and_who_asked_for_it(a_client: TestClient) -> None:
    job = ask(a_client, kind="train", epochs=3, from_scratch=True, unknown="left out")
    assert job["parameters"] == {"epochs": 3, "from_scratch": True}
    assert (job["state"], job["asked_by"], job["progress"], job["outcome"]) == ("queued", "admin", None, None)
    answer = a_client.get(f"/mammolens/jobs/{job['job']}")
    assert answer.json() == job
    assert answer.headers["cache-control"] == "no-store"
    told = a_client.get("/mammolens/jobs").json()
    assert set(told.pop("missing")) == {"train", "recalibrate"}  # nothing is confirmed yet
    assert told == {"jobs": [job], "running": None, "queued": [job["job"]]}


def test_each_kind_has_its_own_parameters(a_client: TestClient) -> None:
    assert ask(a_client, kind="recalibrate", ask=True, epochs=3)["parameters"] == {"ask": True}


def test_jobs_are_kept_in_the_model_folder(a_client: TestClient, an_app: MammoLensApp, tmp_path: Path) -> None:
    job = ask(a_client, kind="train")
    assert (tmp_path / "models" / "jobs" / f"{job['job']}.json").is_file()


def test_a_job_is_stopped_and_resumed(a_client: TestClient) -> None:
    job = ask(a_client, kind="train")["job"]
    assert a_client.delete(f"/mammolens/jobs/{job}").json()["state"] == "stopped"
    assert a_client.post(f"/mammolens/jobs/{job}/resume").json()["state"] == "queued"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "complaint"),
    [
        ("POST", "", {"kind": "forget"}, 422, "see /openapi.json"),
        ("POST", "", {}, 422, "see /openapi.json"),
        ("POST", "", {"kind": "train", "epochs": 0}, 422, "see /openapi.json"),
        ("POST", "", {"kind": "train", "resume": True}, 422, "POST /mammolens/jobs/JOB/resume"),
        ("GET", "/20261122T221500-0123abcd", None, 404, "is not known here; see GET /mammolens/jobs"),
        ("GET", "/serving", None, 404, "is not known here"),
        ("DELETE", "/20261122T221500-0123abcd", None, 404, "is not known here"),
        ("POST", "/20261122T221500-0123abcd/resume", None, 404, "is not known here"),
    ],
)
def test_what_cannot_be_done_gets_one_clear_line(
    a_client: TestClient, method: str, path: str, body: dict[str, Any] | None, status: int, complaint: str
) -> None:
    answer = a_client.request(method, f"/mammolens/jobs{path}", json=body)
    assert answer.status_code == status
    assert complaint in answer.json()["detail"]
    assert a_client.get("/mammolens/jobs").json()["jobs"] == []


def test_a_job_that_is_over_cannot_be_stopped(a_client: TestClient, an_app: MammoLensApp) -> None:
    job = an_app.learning.ask(LearningKind.TRAIN, {}, "anna")
    an_app.learning.stop(job.job, "anna")
    answer = a_client.delete(f"/mammolens/jobs/{job.job}")
    assert answer.status_code == 400
    assert f"has already ended ({JobState.STOPPED})" in answer.json()["detail"]


def test_the_jobs_are_documented(a_client: TestClient) -> None:
    paths = a_client.get("/openapi.json").json()["paths"]
    assert {"/mammolens/jobs", "/mammolens/jobs/{job}", "/mammolens/jobs/{job}/resume"} <= paths.keys()
    body = paths["/mammolens/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert len(body["oneOf"]) == 2
