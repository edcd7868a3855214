"""A patient's erasure through the server's API: what goes, what stays, and what is told."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.jobs.job import JobState
from mammolens.labelapp.keys import LearningKind
from mammolens.reader_study.plan import StudyPlan

from ...command_line import run_mammolens

ADMIN = {"Authorization": "Bearer user,annotator,admin"}
READER = {"Authorization": "Bearer user,annotator"}


@pytest.fixture
def an_exam(a_guarded_client: TestClient, an_app: MammoLensApp) -> dict[str, Any]:
    """An exam with a result, a label, a decision and records of who opened it; another one has a decision, too."""
    exams = a_guarded_client.get("/mammolens/worklist", headers=READER).json()["exams"]
    for one in exams[:2]:
        url = f"/mammolens/exams/{one['exam']}"
        assert a_guarded_client.get(url, headers=READER).status_code == 200
        body = {"verdict": "finding", "comment": "told by her"}
        assert a_guarded_client.post(f"{url}/decisions", json=body, headers=READER).status_code == 200
    exam = an_app.exam_service.exams.get(exams[0]["exam"])
    image = exam.image_ids[0]
    an_app._datastore.results.put(Of.IMAGE, image, "f", {"thumbnail": "x"}, {})
    an_app._datastore.results.put(Of.EXAM, exam.exam_id, "f", {}, {})
    scored = {"p_value": 0.5, "sop_instance_uid": exam.images[0].sop_instance_uid}
    an_app._datastore.update_image_info(image, scored)
    return {"exam": exam.exam_id, "patient": exam.patient, "image": image, "other": exams[1]["exam"]}


def ask(client: TestClient, headers: dict[str, str] = ADMIN, **body: Any) -> Any:
    return client.post("/mammolens/erasures", json=body, headers=headers)


def test_nothing_goes_before_it_is_confirmed(a_guarded_client: TestClient, an_exam: dict[str, Any]) -> None:
    first = ask(a_guarded_client, patient=an_exam["patient"]).json()
    assert first["done"] is False
    assert first["exams"] == [an_exam["exam"]]
    assert (first["images"], first["results"], first["decisions"], first["originals_left"]) == (4, 2, 1, 4)
    assert ask(a_guarded_client, patient=an_exam["patient"]).json() == first
    assert ask(a_guarded_client, exam=an_exam["exam"]).json()["decisions"] == 1
    assert "mammolens_erasures_total 0.0" in a_guarded_client.get("/metrics", headers=READER).text


@pytest.mark.parametrize("by", ["patient", "exam"])
def test_an_erasure_leaves_neither_data_nor_names_and_both_chains_intact(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any], by: str
) -> None:
    done = ask(a_guarded_client, **{by: an_exam[by]}, reason="request no. 7", confirm=True)
    assert done.status_code == 200, done.text
    report = done.json()
    assert "mammolens_erasures_total 1.0" in a_guarded_client.get("/metrics", headers=READER).text
    assert (report["done"], report["decisions"], report["results"]) == (True, 1, 2)
    assert report["audit_records"] >= 2
    detail = a_guarded_client.get(f"/mammolens/exams/{an_exam['exam']}", headers=ADMIN).json()
    assert (detail["decisions"], detail["verdict"], detail["state"]) == ([], None, "new")
    assert an_app._datastore.infos([an_exam["image"]])[an_exam["image"]].get("p_value") is None
    assert not an_app._datastore.results.has(Of.IMAGE, an_exam["image"])
    ledger = a_guarded_client.get("/mammolens/decisions/audit", headers=ADMIN).json()
    assert (ledger["intact"], ledger["entries"], ledger["erased"]) == (True, 2, 1)
    verified = a_guarded_client.get("/mammolens/audit/verify", headers=ADMIN).json()
    assert (verified["intact"], verified["erased"]) == (True, report["audit_records"])
    other = a_guarded_client.get(f"/mammolens/exams/{an_exam['other']}", headers=ADMIN).json()
    assert other["verdict"] == "finding"


def test_the_audit_says_who_erased_when_why_and_how_much_but_not_whose(
    a_guarded_client: TestClient, an_exam: dict[str, Any]
) -> None:
    report = ask(a_guarded_client, patient=an_exam["patient"], reason="request no. 7", confirm=True).json()
    events = a_guarded_client.get("/mammolens/audit", headers=ADMIN).json()["events"]
    (erasure,) = [event for event in events if event["event"] == "110105"]
    assert (erasure["user"], erasure["action"], erasure["patient"], erasure["exam"]) == ("ada", "D", None, None)
    words = f"1 exams, 4 images, 2 results, 0 labels, 0 copies, 1 decisions, {report['audit_records']} audit records"
    assert f"({words}), because: request no. 7; erased records " in erasure["detail"]
    assert an_exam["patient"] not in str(events)
    assert an_exam["exam"] not in str(events)


def test_the_files_do_not_have_the_content_any_more(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any]
) -> None:
    ask(a_guarded_client, patient=an_exam["patient"], reason="asked", confirm=True)
    place = an_app._datastore.place
    files = b"".join(path.read_bytes() for path in place.glob("*.sqlite*"))
    assert an_exam["exam"].encode() not in files


def test_what_was_uploaded_goes_and_originals_stay(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any], tmp_path: Path
) -> None:
    original = Path(an_app._datastore.get_image_uri(an_exam["image"]))
    copy = Path(shutil.copy(original, tmp_path / f"copy{original.suffix}"))
    uploaded = an_app._datastore.add_image("copy", str(copy), {})
    path = Path(an_app._datastore.get_image_uri(uploaded))
    assert ask(a_guarded_client, patient=an_exam["patient"]).json()["copies"] == 1
    report = ask(a_guarded_client, patient=an_exam["patient"], reason="asked", confirm=True).json()
    assert (report["copies"], report["originals_left"]) == (1, 4)
    assert (path.exists(), original.exists()) == (False, True)


def test_names_that_clients_chose_are_erased_from_the_audit(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any]
) -> None:
    original = Path(an_app._datastore.get_image_uri(an_exam["image"]))
    upload = {"file": (f"{an_exam['patient']}{original.suffix}", original.read_bytes())}
    for query in ("?image=Jane_Doe", ""):
        added = a_guarded_client.put(f"/datastore/{query}", files=upload, headers=READER)
        assert added.status_code == 200, added.text
        event = a_guarded_client.get("/mammolens/audit", headers=ADMIN).json()["events"][-1]
        assert (event["image"], event["patient"]) == (added.json()["image"], an_exam["patient"])
    wrong = f"/infer/mammolens?image={an_exam['patient']}"
    assert a_guarded_client.post(wrong, headers=READER).status_code == 404
    report = ask(a_guarded_client, patient=an_exam["patient"], reason="asked", confirm=True).json()
    events = str(a_guarded_client.get("/mammolens/audit", headers=ADMIN).json()["events"])
    assert report["copies"] == 2
    assert "Jane_Doe" not in events
    assert an_exam["patient"] not in events


def test_a_patient_whose_images_are_gone_is_found_by_the_audit(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any]
) -> None:
    for image in an_app.exam_service.exams.get(an_exam["exam"]).image_ids:
        Path(an_app._datastore.get_image_uri(image)).unlink()
    an_app._datastore.refresh()
    report = ask(a_guarded_client, patient=an_exam["patient"], reason="asked", confirm=True).json()
    assert (report["exams"], report["decisions"], report["originals_left"]) == ([an_exam["exam"]], 1, 0)
    assert an_exam["patient"] not in (an_app._datastore.place.parent / "datastore_v2.json").read_text()


@pytest.mark.parametrize(
    ("headers", "body", "status", "words"),
    [
        (READER, {"patient": "P"}, 403, "admin"),
        (ADMIN, {"patient": "nobody"}, 400, "nothing is kept of it"),
        (ADMIN, {}, 400, "give one of them"),
        (ADMIN, {"patient": "P", "exam": "e-0123456789abcdef"}, 400, "give one of them"),
        (ADMIN, {"exam": "../../etc"}, 400, "is not an exam id"),
        (ADMIN, {"patient": "nobody", "confirm": True}, 422, "reason"),
    ],
    ids=["reader", "unknown", "neither", "both", "no-id", "no-reason"],
)
def test_a_request_that_cannot_be_met_says_why(
    a_guarded_client: TestClient, headers: dict[str, str], body: dict[str, Any], status: int, words: str
) -> None:
    answer = ask(a_guarded_client, headers, **body)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]


def test_a_reason_that_names_the_patient_is_refused(a_guarded_client: TestClient, an_exam: dict[str, Any]) -> None:
    reason = f"patient {an_exam['patient']} asked"
    answer = ask(a_guarded_client, patient=an_exam["patient"], reason=reason, confirm=True)
    assert (answer.status_code, "do not name the patient" in answer.text) == (400, True)


def test_what_may_have_learned_from_the_patient_is_named(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any], a_model: Path
) -> None:
    version = an_app.models._store.add(a_model, by="ada")
    plan = StudyPlan(name="pilot", readers=["anna", "ben"], exams=[an_exam["exam"]], seed=7)
    an_app.reader_studies.create(plan)
    report = ask(a_guarded_client, patient=an_exam["patient"]).json()
    assert version in report["models"]
    assert report["reader_studies"] == ["pilot"]
    assert an_app.erasures.models_since(datetime(2100, 1, 1, tzinfo=UTC)) == []


def test_nothing_is_erased_while_a_training_runs(
    a_guarded_client: TestClient, an_app: MammoLensApp, an_exam: dict[str, Any]
) -> None:
    files = an_app.learning._files
    job = an_app.learning.ask(LearningKind.TRAIN, {}, "ada")
    prepared = files.work_folder(job.job) / "prepared"
    prepared.mkdir(parents=True)
    files.save(job.changed(state=JobState.RUNNING))
    answer = ask(a_guarded_client, patient=an_exam["patient"], reason="asked", confirm=True)
    assert (answer.status_code, "stop it, or wait" in answer.text, prepared.exists()) == (400, True, True)
    files.save(job.changed(state=JobState.STOPPED))
    assert ask(a_guarded_client, patient=an_exam["patient"], reason="asked", confirm=True).status_code == 200
    assert not prepared.exists()


def test_the_command_lists_and_erases(a_guarded_client: TestClient, an_exam: dict[str, Any]) -> None:
    report = ask(a_guarded_client, patient=an_exam["patient"]).json()
    with patch("mammolens.cli.erase.ask", return_value={**report, "models": ["v1"]}) as asked:
        result = run_mammolens("erase", "http://host", "--patient", "4711")
    assert asked.call_args.kwargs["body"] == {"patient": "4711", "exam": None, "reason": "", "confirm": False}
    words = " ".join(result.output.split())
    for part in ("would be erased", "1 exams", "1 decisions", "4 originals are in the folder", "train again: v1"):
        assert part in words
