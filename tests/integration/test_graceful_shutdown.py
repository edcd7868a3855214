"""A server that is asked to stop answers what it has begun, and takes nothing more."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import requests

from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import EventAction
from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import PATIENCE_S, until
from .conftest import StartServer

pytestmark = pytest.mark.integration


def test_an_inference_that_runs_is_answered_and_recorded(start_server: StartServer, tmp_path: Path) -> None:
    write_phantom_dataset(tmp_path, normals=1, rows=1280, columns=1024, spacing=(0.2, 0.2))
    server = start_server(tmp_path)
    (exam,) = [exam["exam"] for exam in server.get("/mammolens/worklist").json()["exams"]]
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(server.post(f"/mammolens/exams/{exam}/infer")))
    asking.start()
    until(lambda: server.get(f"/mammolens/exams/{exam}").json()["state"] == "running")
    assert server.process is not None
    server.process.terminate()
    asking.join(PATIENCE_S)
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].json()["state"] == "done"
    server.process.wait(PATIENCE_S)
    with pytest.raises(requests.ConnectionError):
        server.get("/healthz")
    with AuditLog(tmp_path / ".mammolens" / "audit.sqlite", create=False) as log:
        events = [record.event for record in log.records()]
        assert log.verify().fault is None
    assert [event.exam for event in events if event.action is EventAction.CREATE] == [exam]
