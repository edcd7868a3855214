"""What a person meets who has a server learn; the server here is a stand-in that has its jobs by heart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from mammolens.cli import retrain

from ..http_server import serving
from .conftest import Mammolens

DONE = {"model": "restorer-1", "serves": True, "waits": False, "reason": "promoted: no worse in any check"}


def job(state: str, **more: Any) -> dict[str, Any]:
    empty = {"progress": None, "outcome": None, "error": None, "log": []}
    known = {"job": "j-1", "kind": "train", "asked_by": "anna", "asked_at": "2026-11-22T22:00:00Z"}
    return {**known, **empty, "state": state, **more}


PROGRESS = {"sentence": "training: epoch 1 of 2", "share": 0.4}
STEPS = [
    job("queued"),
    job("running", progress=PROGRESS, log=["epoch 1/2"]),
    job("running", progress=PROGRESS, log=["epoch 1/2", "epoch 2/2"]),
]


class Jobs(HTTPServer):
    """Answers each look at the job with the next of its steps, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.steps: list[dict[str, Any]] = []
        self.listed: dict[str, Any] = {"jobs": [], "running": None, "queued": []}
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Jobs

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers.get("Authorization"))
        if self.path == "/mammolens/jobs":
            return self._answer(200, self.server.listed)
        return self._answer(200, self.server.steps.pop(0) if len(self.server.steps) > 1 else self.server.steps[0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(("POST", self.path, json.loads(body or "null")))
        self._answer(202, job("queued"))

    def do_DELETE(self) -> None:
        self.server.asked.append(("DELETE", self.path, None))
        self._answer(200, job("stopped"))

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, status: int, content: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())


@pytest.fixture
def a_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setattr(retrain, "_LOOK_S", 0.01)
    server = Jobs()
    with serving(server):
        yield server


def test_a_training_is_followed_to_its_new_model(mammolens: Mammolens, a_server: Jobs) -> None:
    a_server.steps = [*STEPS, job("done", outcome=DONE, log=["epoch 1/2", "epoch 2/2", "done"])]
    result = mammolens("retrain", a_server.url, "--epochs", 2, "--ask", "--from-scratch")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "restorer-1\n"
    assert [result.stderr.count(line) for line in ("epoch 1/2", "epoch 2/2")] == [1, 1]
    assert "promoted: no worse in any check" in result.stderr
    wanted = {"kind": "train", "ask": True, "from_scratch": True, "epochs": 2}
    assert a_server.asked == [("POST", "/mammolens/jobs", wanted)]


def test_a_model_that_is_refused_has_a_code_of_its_own(mammolens: Mammolens, a_server: Jobs) -> None:
    a_server.steps = [job("done", outcome={**DONE, "serves": False, "reason": "refused: flags too many"})]
    result = mammolens("retrain", a_server.url)
    assert result.exit_code == 6
    assert "refused: flags too many" in result.stderr


def test_a_job_that_failed_says_why(mammolens: Mammolens, a_server: Jobs) -> None:
    error = "accepted normals: too few; accept more"
    log = ["scoring", "ERROR - failed: image7: is damaged", f"ERROR - failed: {error}"]
    a_server.steps = [job("running", log=log), job("failed", error=error, log=log)]
    result = mammolens("retrain", a_server.url, "--json")
    assert result.exit_code == 7
    assert result.stderr.count(error) == 1
    assert f"error: {error}" in result.stderr
    assert "scoring" in result.stderr
    assert "failed: image7: is damaged" in result.stderr
    assert json.loads(result.stdout)["state"] == "failed"


def test_a_calibration_takes_no_epochs(mammolens: Mammolens, a_server: Jobs) -> None:
    a_server.steps = [job("done", outcome=DONE)]
    assert mammolens("retrain", a_server.url, "--recalibrate").exit_code == 0
    assert a_server.asked[-1][2] == {"kind": "recalibrate"}
    assert mammolens("retrain", a_server.url, "--recalibrate", "--epochs", 2).exit_code == 2
    assert len(a_server.asked) == 1


def test_the_running_job_is_stopped_and_the_last_stopped_one_resumed(mammolens: Mammolens, a_server: Jobs) -> None:
    a_server.listed = {"jobs": [job("queued", job="j-2"), job("running")], "running": "j-1", "queued": ["j-2"]}
    assert mammolens("retrain", a_server.url, "--stop").exit_code == 0
    a_server.listed = {"jobs": [job("done", job="j-2"), job("stopped")], "running": None, "queued": []}
    a_server.steps = [job("done", outcome=DONE)]
    assert mammolens("retrain", a_server.url, "--resume").exit_code == 0
    assert [asked[:2] for asked in a_server.asked] == [
        ("DELETE", "/mammolens/jobs/j-1"),
        ("POST", "/mammolens/jobs/j-1/resume"),
    ]


def test_jobs_are_listed_each_with_how_it_stands(mammolens: Mammolens, a_server: Jobs) -> None:
    assert "there are no training jobs" in mammolens("retrain", a_server.url, "--status").stderr
    a_server.listed["jobs"] = [STEPS[1], job("failed", error="too few")]
    lines = mammolens("retrain", a_server.url, "--status").stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["training: epoch 1 of 2", "too few"]
    assert a_server.asked == []


def test_where_nothing_runs_there_is_nothing_to_stop(mammolens: Mammolens, a_server: Jobs) -> None:
    result = mammolens("retrain", a_server.url, "--stop")
    assert result.exit_code == 7
    assert "no job is running or queued" in result.stderr


def test_a_token_is_sent_and_never_shown(mammolens: Mammolens, a_server: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMOLENS_TOKEN", "s3cret")
    result = mammolens("retrain", a_server.url, "--status")
    assert a_server.tokens == {"Bearer s3cret"}
    assert "s3cret" not in result.output


@pytest.mark.parametrize("server", ["http://127.0.0.1:9", "file:///etc/passwd"])
def test_a_server_that_is_none_is_named(mammolens: Mammolens, server: str) -> None:
    result = mammolens("retrain", server)
    assert result.exit_code == 7
    assert result.stderr.startswith(f"error: {server}: ")
    assert "urlopen" not in result.stderr
    assert "give an address such as http://127.0.0.1:8000" in result.stderr


def test_what_is_missing_is_said_before_the_job_is_requested(mammolens: Mammolens, a_server: Jobs) -> None:
    a_server.steps = [job("done", outcome=DONE)]
    a_server.listed["missing"] = {"recalibrate": "there are 3 of 20 patients"}
    assert "will not be used: there are 3 of 20 patients" in mammolens("retrain", a_server.url, "--recalibrate").stderr
    assert "will not be used" not in mammolens("retrain", a_server.url).stderr


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ([], ["a"], ["a"]),
        (["a"], ["a", "b"], ["b"]),
        (["a", "b"], ["b", "c"], ["c"]),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        (["a"], ["a"], []),
    ],
)
def test_of_a_log_that_moves_on_only_new_lines_are_said(before: list[str], now: list[str], new: list[str]) -> None:
    assert retrain._new(before, now) == new
