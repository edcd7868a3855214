from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.audited_routes import AUDITED, NOT_AUDITED

ADMIN = {"Authorization": "Bearer user,annotator,admin"}
READER = {"Authorization": "Bearer user,annotator"}
VIEWER = {"Authorization": "Bearer user"}


def audited(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/mammolens/audit{query}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["events"])


@pytest.fixture
def an_exam(a_guarded_client: TestClient) -> dict[str, Any]:
    exams = a_guarded_client.get("/mammolens/worklist", headers=VIEWER).json()["exams"]
    return dict(a_guarded_client.get(f"/mammolens/exams/{exams[0]['exam']}", headers=VIEWER).json())


def test_every_route_is_audited_or_known_to_hold_no_patient(a_guarded_app: FastAPI) -> None:
    routes = {
        (method, route.path)
        for route in iter_route_contexts(a_guarded_app.routes)
        for method in route.methods or ()
        if route.path
    }
    undecided = {(method, path) for method, path in routes - AUDITED.keys() if path not in NOT_AUDITED}
    assert undecided == set()
    assert AUDITED.keys() - routes == set()
    assert NOT_AUDITED - {path for _, path in routes} == set()


def test_who_opened_an_exam_is_recorded_with_the_patient(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any]
) -> None:
    exam = an_exam["exam"]
    patient = an_app.exam_service.exams.get(exam).patient
    (event,) = audited(a_guarded_client, f"?patient={patient}")
    assert event["event"] == AuditEventId.INSTANCES_ACCESSED
    assert (event["action"], event["outcome"]) == (EventAction.READ, EventOutcome.SUCCESS)
    assert (event["user"], event["roles"], event["address"]) == ("ada", "monailabel-user", "127.0.0.1")
    assert (event["exam"], event["detail"]) == (exam, "GET /mammolens/exams/{exam}")


def test_the_answer_and_its_record_have_the_same_id(a_guarded_client: TestClient) -> None:
    answer = a_guarded_client.get("/mammolens/worklist", headers=VIEWER | {"X-Request-ID": "given-by-a-proxy"})
    assert answer.headers["X-Request-ID"] == "given-by-a-proxy"
    assert audited(a_guarded_client)[0]["request_id"] == "given-by-a-proxy"
    odd = a_guarded_client.get("/healthz", headers={"X-Request-ID": "odd one\t"}).headers["X-Request-ID"]
    assert odd.isalnum()


def test_images_decisions_and_exports_are_recorded(a_guarded_client: TestClient, an_exam: dict[str, Any]) -> None:
    exam, image = an_exam["exam"], an_exam["images"][0]
    for path in (f"/mammolens/images/{image}.dcm", f"/datastore/image?image={image}", "/mammolens/decisions/export"):
        assert a_guarded_client.get(path, headers=VIEWER).status_code == 200
    decided = a_guarded_client.post(f"/mammolens/exams/{exam}/decisions", json={"verdict": "normal"}, headers=READER)
    assert decided.status_code == 200
    events = audited(a_guarded_client)[2:]
    assert [event["event"] for event in events] == [
        AuditEventId.INSTANCES_TRANSFERRED,
        AuditEventId.INSTANCES_TRANSFERRED,
        AuditEventId.EXPORT,
        AuditEventId.PROCEDURE_RECORD,
    ]
    assert [event["image"] for event in events] == [image, image, None, None]
    assert {event["exam"] for event in events if event["event"] != AuditEventId.EXPORT} == {exam}
    assert events[3]["patient"] == events[0]["patient"] is not None


def test_refusals_of_a_known_user_are_recorded_and_names_of_an_unknown_one_are_not(
    a_guarded_client: TestClient, an_exam: dict[str, Any]
) -> None:
    exam = an_exam["exam"]
    assert a_guarded_client.post(f"/mammolens/exams/{exam}/decisions", json={}, headers=VIEWER).status_code == 403
    assert a_guarded_client.get(f"/mammolens/exams/{exam}").status_code == 401
    known, unknown = audited(a_guarded_client)[2:]
    assert (known["user"], known["outcome"], known["exam"]) == ("ada", EventOutcome.MINOR_FAILURE, exam)
    assert (unknown["user"], unknown["outcome"], unknown["exam"]) == ("", EventOutcome.MINOR_FAILURE, None)


def test_only_admins_see_the_audit_and_that_they_did_is_recorded(a_guarded_client: TestClient) -> None:
    for path in ("/mammolens/audit", "/mammolens/audit/export", "/mammolens/audit/verify"):
        assert a_guarded_client.get(path, headers=READER).status_code == 403
    exported = a_guarded_client.get("/mammolens/audit/export?format=jsonl&user=ada", headers=ADMIN)
    assert exported.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    assert len(exported.text.splitlines()) == 1  # three refusals within a minute
    verified = a_guarded_client.get("/mammolens/audit/verify", headers=ADMIN).json()
    assert (verified["intact"], verified["records"], verified["problem"]) == (True, 2, None)
    assert [event["outcome"] for event in audited(a_guarded_client)] == [4, 0, 0]


def test_a_changed_record_is_reported(a_guarded_client: TestClient, an_app: MammoLensApp) -> None:
    a_guarded_client.get("/mammolens/worklist", headers=VIEWER)
    with sqlite3.connect(an_app.access_recorder.log.path) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET user = 'eve'")
    connection.close()
    verified = a_guarded_client.get("/mammolens/audit/verify", headers=ADMIN).json()
    assert not verified["intact"]
    assert verified["problem"] == "record 1 does not match its hash: it was changed"


def test_what_cannot_be_recorded_is_not_answered(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any]
) -> None:
    connection = an_app.access_recorder.log._connection
    connection.execute("PRAGMA max_page_count = 1")
    refused = a_guarded_client.get("/mammolens/decisions/export", headers=VIEWER)
    while refused.status_code == 200:  # until the file's last page is full
        refused = a_guarded_client.post(f"/mammolens/exams/{an_exam['exam']}/infer", headers=VIEWER)
    assert refused.status_code == 507
    assert "the audit log cannot be written" in refused.json()["detail"]
    assert "views" not in refused.text
    assert a_guarded_client.get("/healthz").status_code == 200
