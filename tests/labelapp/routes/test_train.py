"""The learning jobs as MONAI Label's clients see them."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.jobs.job import JobStatus
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobState


def test_a_task_has_monai_labels_words_and_is_a_job_of_the_queue(a_client: TestClient) -> None:
    task = a_client.post("/train/mammolens", json={"epochs": 3, "resume": False, "bundle_path": "/tmp/evil"}).json()
    assert (task["status"], task["details"]) == ("SUBMITTED", [])
    assert task["request"] == {"model": "mammolens", "kind": "train", "epochs": 3}
    datetime.strptime(task["start_ts"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - MONAI Label's own, without a zone
    assert a_client.get("/mammolens/jobs").json()["queued"] == [task["id"]]
    assert a_client.get("/train/").json() == task


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (JobState.RUNNING, "RUNNING"),
        (JobState.STOPPED, "STOPPED"),
        (JobState.FAILED, "ERROR"),
        (JobState.DONE, "DONE"),
    ],
)
def test_each_state_is_told_with_the_last_lines(
    a_client: TestClient, an_app: MammoLensApp, state: JobState, status: str
) -> None:
    job = an_app.learning.ask(LearningKind.TRAIN, {}, "anna")
    files = an_app.learning._files
    files.save(job.changed(state=state))
    files.save_status(job.job, JobStatus(log=("epoch 1/3",)))
    task = a_client.get("/train/").json()
    assert (task["id"], task["status"], task["details"]) == (job.job, status, ["epoch 1/3"])


def test_all_tasks_are_told_the_oldest_first_and_whether_one_runs(a_client: TestClient, an_app: MammoLensApp) -> None:
    jobs = [an_app.learning.ask(LearningKind.TRAIN, {}, "anna") for _ in range(2)]
    assert [task["id"] for task in a_client.get("/train/?all=true").json()] == [job.job for job in jobs]
    assert a_client.get("/train/?check_if_running=true").status_code == 404
    an_app.learning._files.save(jobs[0].changed(state=JobState.RUNNING))
    assert a_client.get("/train/?check_if_running=true").json()["id"] == jobs[0].job


def test_before_the_first_training_there_is_no_status(a_client: TestClient) -> None:
    assert a_client.get("/train/").status_code == 404
    assert a_client.delete("/train/").json() is None


def test_a_second_training_waits_only_where_that_is_wanted(a_client: TestClient) -> None:
    first = a_client.post("/train/mammolens").json()
    refused = a_client.post("/train/mammolens", json={})
    assert refused.status_code == 429
    assert "a learning job runs or waits already" in refused.json()["detail"]
    second = a_client.post("/train/mammolens?enqueue=true", json={}).json()
    third = a_client.post("/train/", json={"mammolens": {"epochs": 2}}).json()["mammolens"]["result"]
    assert third["request"]["epochs"] == 2
    queued = [first["id"], second["id"], third["id"]]
    assert a_client.get("/mammolens/jobs").json()["queued"] == queued
    assert a_client.delete("/train/").json()["status"] == "STOPPED"
    assert a_client.get("/mammolens/jobs").json()["queued"] == queued[1:]


def test_a_synchronous_request_is_answered_when_the_job_is_over(a_client: TestClient, an_app: MammoLensApp) -> None:
    def end() -> None:
        while not (jobs := an_app.learning.queued()):
            pass
        an_app.learning.stop(jobs[0].job, "anna")

    ending = threading.Thread(target=end)
    ending.start()
    assert a_client.post("/train/mammolens?run_sync=true", json={}).json()["status"] == "STOPPED"
    ending.join()


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/train/nobody", {}, "model 'nobody': is not known here"),
        ("/train/mammolens", {"epochs": "many"}, "epochs"),
        ("/train/mammolens", {"resume": True}, "POST /mammolens/jobs/JOB/resume"),
        ("/train/mammolens", {"learning_rate": 0}, "learning_rate"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_it_waits(
    a_client: TestClient, path: str, body: dict[str, object], complaint: str
) -> None:
    answer = a_client.post(path, json=body)
    assert answer.status_code == 400
    assert complaint in answer.json()["detail"]
    assert a_client.get("/train/").status_code == 404


def test_each_path_is_answered_by_the_queue_alone(an_app: MammoLensApp) -> None:
    from mammolens.labelapp.routes.stock import stock_routes

    assert not [route for route in stock_routes().routes if route.path.startswith("/train")]  # type: ignore[attr-defined]
