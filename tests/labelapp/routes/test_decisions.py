import uuid
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mammolens.errors import LedgerError
from mammolens.labelapp.app import MammoLensApp
from mammolens.review.ledger import Ledger

EXPORTED = "/mammolens/decisions/export?format=jsonl"


@pytest.fixture
def two_exams(a_client: TestClient) -> list[str]:
    return [exam["exam"] for exam in a_client.get("/mammolens/worklist").json()["exams"]]


@pytest.fixture
def decided(a_client: TestClient, two_exams: list[str]) -> list[str]:
    """Three entries: normal on one exam, a finding on the other, which is taken back."""
    first, second = two_exams
    a_client.post(f"/mammolens/exams/{first}/decisions", json={"verdict": "normal"})
    a_client.post(f"/mammolens/exams/{second}/decisions", json={"verdict": "finding", "comment": "here"})
    a_client.post(f"/mammolens/exams/{second}/decisions/undo")
    return two_exams


def _told(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/mammolens/decisions{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return list(answer.json()["decisions"])


def test_an_empty_ledger_has_no_head(a_client: TestClient) -> None:
    assert a_client.get("/mammolens/decisions").json() == {"decisions": [], "head": None, "policy": "latest"}
    audit = a_client.get("/mammolens/decisions/audit").json()
    assert audit == {"intact": True, "entries": 0, "erased": 0, "head": None, "problem": None}


def test_decisions_are_told_in_order_and_can_be_chosen(
    a_client: TestClient, an_app: MammoLensApp, decided: list[str]
) -> None:
    _first, second = decided
    entries = _told(a_client)
    assert [entry["sequence"] for entry in entries] == [1, 2, 3]
    assert [entry["verdict"] for entry in entries] == ["normal", "finding", None]
    assert entries[2]["undoes"] == entries[1]["decision_id"]
    assert len(entries[0]["images"]) == 4
    assert a_client.get("/mammolens/decisions").json()["head"] == str(an_app.ledger.head())
    assert [entry["sequence"] for entry in _told(a_client, f"?exam={second}")] == [2, 3]
    assert [entry["sequence"] for entry in _told(a_client, "?verdict=normal")] == [1]
    assert [entry["sequence"] for entry in _told(a_client, "?after=1&limit=1")] == [2]
    assert [entry["sequence"] for entry in _told(a_client, f"?exam={second}&after=2")] == [3]
    assert len(_told(a_client, "?reviewer=admin")) == 3
    assert _told(a_client, "?reviewer=nobody") == []
    assert _told(a_client, "?after=3") == []


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_can_be_imported_and_known_decisions_are_passed_over(
    a_client: TestClient, an_app: MammoLensApp, decided: list[str], kind: str, tmp_path: Path
) -> None:
    answer = a_client.get(f"/mammolens/decisions/export?format={kind}")
    assert answer.headers["content-disposition"] == f'attachment; filename="decisions.{kind}"'
    assert answer.headers["cache-control"] == "no-store"
    with Ledger.open(tmp_path / "other.sqlite") as other:
        from mammolens.review.exchange import import_decisions

        (tmp_path / f"taken.{kind}").write_bytes(answer.content)
        import_decisions(other, tmp_path / f"taken.{kind}")
        assert other.head() == an_app.ledger.head()
    again = a_client.post("/mammolens/decisions/import", files={"file": (f"any.{kind}", answer.content)})
    assert again.json() == {"added": 0, "known": 3}


def test_imported_decisions_count(a_client: TestClient, two_exams: list[str]) -> None:
    uids = [
        view["sop_instance_uid"] for view in a_client.get(f"/mammolens/exams/{two_exams[0]}").json()["views_in_detail"]
    ]
    table = f"exam_id,images,verdict,reviewer,time\n{two_exams[0]},{' '.join(uids)},normal,anna,2026-01-31T12:00:00Z\n"
    answer = a_client.post("/mammolens/decisions/import", files={"file": ("table.csv", table)})
    assert answer.json() == {"added": 1, "known": 0}
    exam = a_client.get(f"/mammolens/exams/{two_exams[0]}").json()
    assert (exam["verdict"], exam["reviewer"], exam["reviewed_at"]) == ("normal", "anna", "2026-01-31T12:00:00Z")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("table.txt", "x", "its name ends neither in .csv nor in .jsonl"),
        ("table.csv", "exam_id,images\n", "has no column 'reviewer'"),
        ("../../lines.jsonl", "5\n{}\n", "line 1: line is not a JSON object"),
    ],
)
def test_a_file_with_a_bad_line_is_refused_by_its_own_name(
    a_client: TestClient, name: str, content: str, told: str
) -> None:
    answer = a_client.post("/mammolens/decisions/import", files={"file": (name, content)})
    assert answer.status_code == 400
    assert told in answer.json()["detail"]
    assert answer.json()["detail"].startswith(f"'{Path(name).name}': ")
    assert "/tmp" not in answer.json()["detail"]
    assert _told(a_client) == []


def test_an_audit_finds_what_was_cut_off(a_client: TestClient, an_app: MammoLensApp, decided: list[str]) -> None:
    head = str(an_app.ledger.head())
    audit = a_client.get(f"/mammolens/decisions/audit?head={head}").json()
    assert audit == {"intact": True, "entries": 3, "erased": 0, "head": head, "problem": None}
    later = f"7:{'a' * 64}"
    audit = a_client.get(f"/mammolens/decisions/audit?head={head}&head={later}").json()
    assert audit["intact"] is False
    assert audit["problem"] == "cut off: the ledger ends at entry 3, but a stored head is of entry 7"
    assert a_client.get("/mammolens/decisions/audit?head=x").status_code == 400


def test_the_same_decision_sent_twice_is_kept_once(a_client: TestClient, two_exams: list[str]) -> None:
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    path = f"/mammolens/exams/{two_exams[0]}/decisions"
    for _ in range(2):
        exam = a_client.post(path, json={"id": one, "verdict": "normal"}).json()
        assert [decision["id"] for decision in exam["decisions"]] == [one]
    a_client.post(path, json={"verdict": "finding"})
    for _ in range(2):
        assert a_client.post(f"{path}/undo", json={"id": two}).json()["verdict"] == "normal"
    assert len(_told(a_client)) == 3
    assert a_client.post(path, json={"id": one, "verdict": "finding"}).status_code == 400
    assert a_client.post(path, json={"id": "x", "verdict": "finding"}).status_code == 422


def test_the_ledgers_name_stands_in_info_without_its_folder(
    a_client: TestClient, an_app: MammoLensApp, decided: list[str]
) -> None:
    told = a_client.get("/info/").json()["ledger"]
    assert told == {"place": "decisions.sqlite", "policy": "latest", "head": str(an_app.ledger.head())}


def test_a_ledger_that_does_not_answer_is_told_with_its_remedy(
    a_client: TestClient, an_app: MammoLensApp, decided: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise LedgerError("postgresql://host/decisions", "does not answer", "start it")

    for name in ("head", "append", "chain", "audit"):
        monkeypatch.setattr(an_app.ledger, name, away)
    detail = {"detail": "postgresql://host/decisions: does not answer; start it"}
    for path in ("/mammolens/worklist", "/mammolens/decisions", "/mammolens/decisions/audit", EXPORTED):
        answer = a_client.get(path)
        assert (answer.status_code, answer.json()) == (503, detail), path
    answer = a_client.post(f"/mammolens/exams/{decided[0]}/decisions", json={"verdict": "normal"})
    assert (answer.status_code, answer.json()) == (503, detail)
    info = a_client.get("/info/").json()
    assert info["ledger"]["error"] == detail["detail"]
    assert info["datastore"]["total"] == 8


def test_every_route_is_documented_with_examples(a_client: TestClient) -> None:
    paths = a_client.get("/openapi.json").json()["paths"]
    for path, method in (("", "get"), ("/import", "post"), ("/audit", "get")):
        responses = paths[f"/mammolens/decisions{path}"][method]["responses"]
        assert responses["200"]["content"]["application/json"]["example"], path
        assert responses["503"]["content"]["application/json"]["example"]["detail"], path
    body = paths["/mammolens/exams/{exam}/decisions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["examples"][0]["verdict"] == "finding"
