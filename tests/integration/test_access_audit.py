"""The audit log of a real server: nothing that was answered is missing after kill -9, and it can be read meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, AuditEventType
from mammolens.datasets.phantom_dataset import write_phantom_dataset

from .conftest import StartServer

pytestmark = pytest.mark.integration
PATIENTS = 6


def test_every_exam_that_was_shown_is_in_the_log_after_the_server_was_killed(
    start_server: StartServer, tmp_path: Path
) -> None:
    write_phantom_dataset(tmp_path, normals=PATIENTS, rows=160, columns=128, spacing=(1.6, 1.6))
    server = start_server(tmp_path)
    exams = [exam["exam"] for exam in server.get("/mammolens/worklist").json()["exams"]]
    shown: list[str] = []

    def read(exam: str) -> None:
        if server.get(f"/mammolens/exams/{exam}").ok:
            shown.append(exam)

    threads = [threading.Thread(target=read, args=[exam]) for exam in exams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.kill()

    with AuditLog(tmp_path / ".mammolens" / "audit.sqlite", create=False) as log:
        events = [record.event for record in log.records()]
        assert log.verify().fault is None
    viewed = [event for event in events if event.event is AuditEventId.INSTANCES_ACCESSED]
    assert sorted(event.exam or "" for event in viewed) == sorted(shown) == sorted(exams)
    assert {event.patient for event in viewed} == {f"PHANTOM-{number}" for number in range(PATIENTS)}
    assert events[0].event_type is AuditEventType.APPLICATION_START

    server.start()
    verified = server.get("/mammolens/audit/verify").json()
    assert verified["intact"]
    assert verified["records"] > len(events)
