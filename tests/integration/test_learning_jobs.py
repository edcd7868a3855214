"""Learning jobs at a real server: progress, queue, stop, resume, and kill -9 of trainer and server."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.models.directory import load_model
from mammolens.models.store import ModelStore

from ..patience import PATIENCE_S, until
from .conftest import Server, StartServer

pytestmark = pytest.mark.integration
_log = logging.getLogger(__name__)
WOMEN = 12
KILLS = int(os.environ.get("MAMMOLENS_KILLS", "3"))
OVER = ("stopped", "failed", "done")


@pytest.fixture(scope="module")
def phantoms_of_women(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(folder, normals=WOMEN, rows=96, columns=80, spacing=(2.6, 2.6))
    return folder


@pytest.fixture(scope="module")
def a_server(start_server: StartServer, phantoms_of_women: Path) -> Server:
    """It trains by itself when every exam is accepted; none is."""
    return start_server(phantoms_of_women, conf={"learning_threads": "1", "retrain_after": str(WOMEN)})


@pytest.fixture(scope="module")
def a_site(a_server: Server) -> Server:
    """Every exam is accepted as normal."""
    for exam in a_server.get("/mammolens/worklist").json()["exams"]:
        answer = a_server.post(
            f"/mammolens/exams/{exam['exam']}/decisions", json={"verdict": "normal", "second_confirmation": True}
        )
        assert answer.status_code == 200, answer.text
    return a_server


def ask(server: Server, **body: Any) -> str:
    answer = server.post("/mammolens/jobs", json={"kind": "train", **body})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def job_of(server: Server, name: str) -> dict[str, Any]:
    return dict(server.get(f"/mammolens/jobs/{name}").json())


def once(server: Server, name: str, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The job, as soon as something is true of it; patience lasts as long as it gets further."""
    job = job_of(server, name)

    def gets_further() -> bool:
        before = dict(job)
        job.update(job_of(server, name))
        return job != before

    while not true(job):
        assert job["state"] not in OVER, job
        until(gets_further, lambda: job)
    return job


def over(server: Server, name: str) -> dict[str, Any]:
    return once(server, name, lambda job: job["state"] in OVER)


def learns(job: dict[str, Any], further_than: int = 0) -> bool:
    """Whether it is past this many epochs, and still learns."""
    progress = job["progress"]
    return bool(progress) and progress["stage"] == "learn" and progress["done"] > further_than


def trainers_of(server: Server) -> list[psutil.Process]:
    """The processes that learn for this server, or for one that had its place."""
    home = str(server.log.parent)
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if "mammolens.labelapp.jobs.worker" in words and any(word.startswith(home) for word in words):
            found.append(process)
    return [process for process in found if process.info["status"] != psutil.STATUS_ZOMBIE]


def test_a_training_that_cannot_begin_fails_with_one_clear_sentence(a_server: Server) -> None:
    job = over(a_server, ask(a_server))
    assert job["state"] == "failed"
    assert job["error"].startswith("accepted normals: ")
    assert job["log"] == [f"failed: {job['error']}"]
    assert (job["progress"], job["outcome"]) == (None, None)
    task = a_server.get("/train/").json()
    assert (task["status"], task["details"]) == ("ERROR", job["log"])


def test_when_enough_exams_are_accepted_the_server_trains_by_itself_and_tells_how_far_it_is(a_site: Server) -> None:
    shares: list[float] = []

    def newest_job() -> dict[str, Any]:
        return dict(a_site.get("/mammolens/jobs").json()["jobs"][0])

    until(lambda: newest_job()["asked_by"] == "schedule")
    newest = newest_job()
    assert (newest["kind"], newest["parameters"]) == ("train", {})

    def is_over(job: dict[str, Any]) -> bool:
        if job["progress"]:
            shares.append(job["progress"]["share"])
            assert job["progress"]["sentence"]
        return job["state"] in OVER

    job = once(a_site, newest["job"], is_over)
    assert job["state"] == "done", job
    assert shares == sorted(shares)
    assert job["outcome"]["model"]
    assert job["outcome"]["reason"]
    assert (job["attempts"], job["error"]) == (1, None)
    assert any(line.startswith("epoch 2/2, training error") for line in job["log"])
    task = a_site.get("/train/").json()
    assert (task["id"], task["status"], task["details"]) == (job["job"], "DONE", job["log"])


def test_a_job_file_names_no_patient(a_site: Server, phantoms_of_women: Path) -> None:
    texts = [path.read_text() for path in (a_site.log.parent / "app" / "model" / "jobs").glob("*.json")]
    patients = {path.parent.name for path in phantoms_of_women.rglob("*.dcm")}
    assert texts
    assert not [patient for patient in patients for text in texts if patient in text]


def test_the_next_job_waits_and_a_stopped_one_goes_on_from_its_last_epoch(a_site: Server) -> None:
    before = a_site.record(a_site.images()[0])["model"]
    first = ask(a_site, epochs=10_000, learning_rate=1e-7)
    second = ask(a_site, kind="recalibrate")
    once(a_site, first, lambda job: learns(job) and job["progress"]["done"] >= 2)
    assert a_site.get("/mammolens/jobs").json()["queued"] == [second]
    stopped = a_site.request("DELETE", f"/mammolens/jobs/{first}").json()
    assert stopped["state"] == "stopped"
    reached = max(int(line.split("/")[0].split()[1]) for line in stopped["log"] if line.startswith("epoch"))
    over(a_site, second)
    assert a_site.post(f"/mammolens/jobs/{first}/resume").json()["state"] == "queued"
    again = once(a_site, first, learns)
    assert again["attempts"] == 2
    assert again["progress"]["done"] > reached
    task = a_site.request("DELETE", "/train/").json()  # as MONAI Label's clients do
    assert (task["id"], task["status"]) == (first, "STOPPED")
    assert a_site.record(a_site.images()[0])["model"] == before
    assert not trainers_of(a_site)


class Killer:
    """Kills the server of a site or what learns for it, and notes where the training was."""

    def __init__(self, site: Server) -> None:
        self._site = site
        self._store = ModelStore(site.log.parent / "app" / "model")
        self.killed: list[str] = []
        # Which of the two, and how many epochs later: at once, it still begins. By hand more, drawn at random.
        self._plan = [("trainer", 0), ("server", 1), ("trainer", 3)][:KILLS]
        draw = random.Random(6)
        self._plan += [(draw.choice(["server", "trainer"]), draw.randrange(12)) for _ in range(KILLS - len(self._plan))]
        self._reached = 0

    @property
    def is_content(self) -> bool:
        """Whether it has killed as often as it shall."""
        return len(self.killed) == KILLS

    def strike(self, name: str) -> None:
        """At the next moment of the plan, unless the job ends before; whoever is killed, a whole model serves then."""
        whom, later = self._plan[len(self.killed)]

        def is_time(job: dict[str, Any]) -> bool:
            return job["state"] in OVER or not later or learns(job, self._reached + later - 1)

        job = once(self._site, name, is_time)
        if job["state"] in OVER:
            self._reached = 0
            return
        progress = job["progress"] or {"stage": job["state"], "done": 0}
        if learns(job):
            self._reached = progress["done"]
        if whom == "server":
            self._site.kill()
            load_model(self._store.serving())
            self._site.start()
        else:
            for process in until(lambda: trainers_of(self._site)):
                process.kill()
        self.killed.append(f"{whom} at {progress['stage']} {progress['done']}")
        image = self._site.images()[0]
        assert self._site.record(image)["model"] == load_model(self._store.serving()).model_id
        assert len(trainers_of(self._site)) <= 1


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S * (2 + KILLS))
def test_whoever_is_killed_a_model_serves_and_the_training_goes_on_and_ends(a_site: Server) -> None:
    wanted, done, given_up = {"epochs": 15, "learning_rate": 1e-5}, [], 0
    name, killer = ask(a_site, **wanted), Killer(a_site)
    while not killer.is_content or job_of(a_site, name)["state"] != "done":
        job = once(a_site, name, lambda job: job["state"] in ("running", *OVER))
        if job["state"] == "failed":  # killed three times before it got further: somebody has to look
            assert "3 times in a row without progress" in job["error"]
            assert a_site.post(f"/mammolens/jobs/{name}/resume").status_code == 200
            given_up += 1
        elif job["state"] == "done":
            done.append(job)
            name = ask(a_site, **wanted, seed=len(done))
        elif not killer.is_content:
            killer.strike(name)
        else:
            over(a_site, name)
    done.append(job_of(a_site, name))
    attempts = [job["attempts"] for job in done]
    _log.info("killed: %s; attempts of each job: %s; resumed by hand: %d", killer.killed, attempts, given_up)
    assert sum(attempts) - len(done) <= KILLS + given_up
    assert not trainers_of(a_site)
