from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mammolens.errors import ModelError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.serving import ServingModel
from mammolens.models.directory import model_id_of
from mammolens.models.store import ModelStore, pretrained_directory
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus, GateResult
from mammolens.promotion.policy import PromotionPolicy

from ..conftest import MakeModel


@pytest.fixture
def a_store(a_serving: ServingModel) -> ModelStore:
    """That of the app: one model serves, and came without a gate."""
    return a_serving.store


def _verdict(passed: bool) -> str:
    check = CheckResult(
        name=CheckName.RATE,
        outcome=CheckStatus.PASSED if passed else CheckStatus.FAILED,
        sentence="10.0% of 24 are flagged" if passed else "60.0% of 24 are flagged, above the band",
        figure=0.1 if passed else 0.6,
        serving=0.1,
    )
    return GateResult(serving="old", candidate="new", checks=(check,), policy=PromotionPolicy()).to_json()


@pytest.fixture
def a_waiting_model(a_store: ModelStore, make_model: MakeModel) -> str:
    """The gate passed it, and a person is asked."""
    version = a_store.add(make_model(seed=1), by="mammolens")
    a_store.wait(
        version, by="mammolens", why="not worse", gate_result=a_store.save_gate_result(version, _verdict(True))
    )
    return version


@pytest.fixture
def a_refused_model(a_store: ModelStore, make_model: MakeModel) -> str:
    version = a_store.add(make_model(seed=2), by="mammolens")
    kept = a_store.save_gate_result(version, _verdict(False))
    a_store.refuse(version, by="mammolens", why="refused: above the band", gate_result=kept)
    return version


def _models(client: TestClient) -> dict[str, Any]:
    answer = client.get("/mammolens/models")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def _states(told: dict[str, Any]) -> dict[str, str]:
    return {model["model"]: model["state"] for model in told["models"]}


def test_every_version_is_told_with_its_state_and_the_gates_verdict(
    a_client: TestClient, a_store: ModelStore, a_refused_model: str, a_waiting_model: str
) -> None:
    told = _models(a_client)
    serving, packaged = a_store.serving_version(), model_id_of(pretrained_directory())
    assert told["serving"] == serving
    assert _states(told) == {
        serving: "serving",
        a_refused_model: "refused",
        a_waiting_model: "waits",
        packaged: "pretrained",
    }
    assert told["models"][-1]["model"] == packaged
    assert told["models"][-1]["calibrated_on"] == 183
    refused = a_client.get(f"/mammolens/models/{a_refused_model}").json()
    assert refused == next(model for model in told["models"] if model["model"] == a_refused_model)
    assert refused["parent"] == serving
    assert (refused["can_serve"], refused["needs_reason"]) == (True, True)
    waiting = a_client.get(f"/mammolens/models/{a_waiting_model}").json()
    assert (waiting["can_serve"], waiting["needs_reason"]) == (True, False)
    assert refused["gate_result"]["reason"] == "rejected: 60.0% of 24 are flagged, above the band"
    assert refused["gate_result"]["checks"] == [
        {
            "name": "realised_rate",
            "label": "Normal patients flagged",
            "passed": False,
            "outcome": "failed",
            "outcome_label": "failed",
            "sentence": "60.0% of 24 are flagged, above the band",
            "candidate": 0.6,
            "serving": 0.1,
            "candidate_text": "60 %",
            "serving_text": "10 %",
            "interval": None,
        }
    ]
    assert [entry["event"] for entry in told["history"]][-1] == "added"
    assert told["history"][0]["time"].endswith("Z")


def test_a_model_that_can_flag_nobody_is_reported_everywhere(
    a_client: TestClient, a_store: ModelStore, make_model: MakeModel
) -> None:
    paths = ("/mammolens/models", "/mammolens/worklist", "/info/")
    assert [a_client.get(path).json()["cannot_flag"] for path in paths] == [None, None, None]
    a_store.publish(make_model(patients=5))
    reasons = {a_client.get(path).json()["cannot_flag"] for path in paths}
    assert reasons == {"cannot flag any exam: it is calibrated on 5 of the 9 normal patients that alpha = 0.1 requires"}
    exam = a_client.get("/mammolens/worklist").json()["exams"][0]["exam"]
    assert a_client.get(f"/mammolens/exams/{exam}").json()["decision_rule"] in reasons


def test_a_waiting_model_is_accepted_without_a_reason(a_client: TestClient, a_waiting_model: str) -> None:
    answer = a_client.post(f"/mammolens/models/{a_waiting_model}/promote")
    assert answer.status_code == 200, answer.text
    assert answer.json()["serving"] == a_waiting_model
    assert _states(answer.json())[a_waiting_model] == "serving"
    last = answer.json()["history"][0]
    assert (last["event"], last["by"], last["overridden"]) == ("promoted", "admin", False)
    assert a_client.get("/mammolens/worklist").json()["model"] == a_waiting_model


def test_a_waiting_model_can_be_kept_from_serving(
    a_client: TestClient, a_store: ModelStore, a_waiting_model: str
) -> None:
    before = a_store.serving_version()
    answer = a_client.post(f"/mammolens/models/{a_waiting_model}/refuse", json={"why": "too many marks"}).json()
    assert answer["serving"] == before
    assert _states(answer)[a_waiting_model] == "refused"
    assert answer["history"][0]["why"] == "too many marks"


def test_a_refused_model_serves_only_with_a_reason_which_is_kept_with_who(
    a_client: TestClient, a_store: ModelStore, a_refused_model: str
) -> None:
    before = a_store.serving_version()
    for body in ({}, {"why": ""}, {"why": "  "}):
        refusal = a_client.post(f"/mammolens/models/{a_refused_model}/promote", json=body)
        assert refusal.status_code == 400
        assert refusal.json()["detail"].startswith("why: is missing: the gate has not approved this model")
    assert a_store.serving_version() == before
    answer = a_client.post(f"/mammolens/models/{a_refused_model}/promote", json={"why": "we know better"}).json()
    assert answer["serving"] == a_refused_model
    last = answer["history"][0]
    assert (last["by"], last["why"], last["overridden"]) == ("admin", "we know better", True)
    verdict = a_client.get(f"/mammolens/models/{a_refused_model}").json()["gate_result"]
    assert (verdict["passed"], verdict["overridden_by"]) == (False, "admin")


def test_a_consent_against_another_model_is_none(
    a_client: TestClient, a_waiting_model: str, a_refused_model: str
) -> None:
    a_client.post(f"/mammolens/models/{a_refused_model}/promote", json={"why": "a trial"})
    assert a_client.get(f"/mammolens/models/{a_waiting_model}").json()["needs_reason"]
    assert a_client.post(f"/mammolens/models/{a_waiting_model}/promote").status_code == 400


def test_rolling_back_leads_to_the_model_of_the_package_and_no_further(
    a_client: TestClient, a_store: ModelStore, a_waiting_model: str
) -> None:
    before, packaged = a_store.serving_version(), model_id_of(pretrained_directory())
    a_client.post(f"/mammolens/models/{a_waiting_model}/promote")
    first = a_client.post("/mammolens/models/rollback", json={"why": "too many marks"}).json()
    assert (first["serving"], first["history"][0]["why"]) == (before, "too many marks")
    assert _states(first)[a_waiting_model] == "former"
    second = a_client.post("/mammolens/models/rollback").json()
    assert second["serving"] == packaged
    assert _states(second)[packaged] == "serving"
    assert (first["can_roll_back"], second["can_roll_back"]) == (True, False)
    third = a_client.post("/mammolens/models/rollback")
    assert third.status_code == 409
    assert "there is no previous model" in third.json()["detail"]


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/mammolens/models/nobody", 404),
        ("POST", "/mammolens/models/nobody/promote", 404),
        ("POST", "/mammolens/models/nobody/refuse", 404),
        ("GET", "/mammolens/models/..%2f..%2fetc", 400),
        ("POST", "/mammolens/models/PACKAGED/promote", 400),
        ("POST", "/mammolens/models/SERVING/refuse", 400),
    ],
)
def test_a_bad_request_gets_one_clear_line(
    a_client: TestClient, a_store: ModelStore, method: str, url: str, status: int
) -> None:
    names = {"PACKAGED": model_id_of(pretrained_directory()), "SERVING": str(a_store.serving_version())}
    for word, name in names.items():
        url = url.replace(word, name)
    answer = a_client.request(method, url)
    assert answer.status_code == status, answer.text
    assert "\n" not in answer.json()["detail"]


def test_clients_of_monai_label_read_the_serving_models_record(a_client: TestClient, a_store: ModelStore) -> None:
    stats = a_client.get("/info/").json()["train_stats"]["mammolens"]
    assert stats["model"] == a_store.serving_version()


def test_an_infer_during_the_swap_is_answered_by_one_model_entirely(
    a_client: TestClient, an_app: MammoLensApp, a_store: ModelStore, make_model: MakeModel
) -> None:
    versions = [str(a_store.serving_version()), a_store.add(make_model(seed=1), by="trainer")]
    image = an_app.datastore().list_images()[0]
    own = {}
    for version in versions:
        a_store.promote(version, by="test", why="its own score")
        own[version] = _scores(a_client, image)
    assert own[versions[0]] != own[versions[1]]
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for version in versions:
                a_store.promote(version, by="test", why="swap")

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        seen = [_scores(a_client, image) for _ in range(12)]
    finally:
        stop.set()
        swapping.join()
    assert all(scores in own.values() for scores in seen)


def _scores(client: TestClient, image: str) -> tuple[Any, ...]:
    answer = client.post(f"/infer/mammolens?image={image}&output=json", data={"params": '{"exam_scores": false}'})
    assert answer.status_code == 200, answer.text
    record = answer.json()
    return record["model"], record["calibration"], record["raw_score"], record["pred_score"]


def test_exams_to_look_at_once_more_are_listed_for_viewers(a_client: TestClient, an_app: MammoLensApp) -> None:
    exam = a_client.get("/mammolens/worklist").json()["exams"][0]
    model = an_app.exam_service.worklist.all(None)
    extreme = StoredScore(99.0, 99.0, 0.05, model.model, model.calibration).as_info()
    normal = {"verdict": "normal", "second_confirmation": True}  # the exam is highly unusual
    an_app.datastore().update_image_infos(dict.fromkeys(exam["images"], extreme))
    a_client.post(f"/mammolens/exams/{exam['exam']}/decisions", json=normal)
    told = a_client.get("/mammolens/suspect-normals")
    assert told.status_code == 200, told.text
    assert told.headers["cache-control"] == "no-store"
    (listed,) = told.json()["exams"]
    assert listed.keys() == {"exam", "patient", "views", "exam_p_value", "reason", "viewer"}
    assert (listed["exam"], listed["exam_p_value"]) == (exam["exam"], pytest.approx(1 / 21))
    assert told.json()["model"] == model.model
    a_client.post(f"/mammolens/exams/{exam['exam']}/decisions", json=normal)
    assert a_client.get("/mammolens/suspect-normals").json()["exams"] == []


@pytest.fixture
def scored(a_client: TestClient) -> TestClient:
    """A client of a server that has scored its two exams."""
    assert a_client.post("/scoring/anomaly?run_sync=true", json={}).status_code == 200
    return a_client


def test_drift_tells_what_the_last_exams_say(scored: TestClient) -> None:
    answer = scored.get("/mammolens/drift")
    assert answer.headers["cache-control"] == "no-store"
    drift: dict[str, Any] = answer.json()
    assert (drift["alarm"], drift["alarms"], drift["exams"], drift["enough"]) == (False, [], 2, False)
    assert drift["sentence"] == "too few exams: 2 of the 30 that are needed"
    assert [machine["group"] for machine in drift["machines"]] == ["MammoLens Phantom power law"]
    assert [software["version"] for software in drift["software"]] == ["1"]
    assert sum(drift["p_values"]) == 2
    worklist = scored.get("/mammolens/worklist").json()
    assert (drift["model"], drift["calibration"]) == (worklist["model"], worklist["calibration"])


def test_worklist_and_info_carry_the_alarms(scored: TestClient) -> None:
    drift = scored.get("/mammolens/drift").json()
    summary = {key: drift[key] for key in ("alarm", "alarms", "sentence")}
    assert scored.get("/mammolens/worklist").json()["drift"] == summary
    assert scored.get("/info/").json()["drift"] == summary


def test_an_exam_with_a_finding_is_left_out(scored: TestClient) -> None:
    exam = scored.get("/mammolens/worklist").json()["exams"][0]["exam"]
    scored.post(f"/mammolens/exams/{exam}/decisions", json={"verdict": "finding"})
    assert scored.get("/mammolens/drift").json()["exams"] == 1
    scored.post(f"/mammolens/exams/{exam}/decisions/undo")
    assert scored.get("/mammolens/drift").json()["exams"] == 2


def test_without_a_model_drift_is_an_error_and_info_still_answers(
    scored: TestClient, an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise ModelError(Path("model"), "is gone", "restore it")

    monkeypatch.setattr(an_app._serving, "predictor", gone)
    assert scored.get("/mammolens/drift").status_code == 503
    assert scored.get("/info/").json()["drift"] is None


def test_the_interface_documents_it(a_client: TestClient) -> None:
    paths = a_client.get("/openapi.json").json()["paths"]
    assert "get" in paths["/mammolens/drift"]
    assert "get" in paths["/metrics"]
