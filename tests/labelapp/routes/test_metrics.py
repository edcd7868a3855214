from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mammolens.errors import ModelError, RequestError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.delivery.courier import Courier
from mammolens.labelapp.delivery.queue import Delivery, DeliveryKind, DeliveryQueue
from mammolens.labelapp.routes.metrics import InferTimes


class NoChannel:
    def deliver(self, delivery: Delivery) -> Delivery:
        return delivery


def _samples(client: TestClient) -> dict[tuple[str, str], float]:
    """Values by name and the one label."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, next(iter(sample.labels.values()), "")): sample.value for sample in samples}


def _inferred(client: TestClient) -> dict[str, Any]:
    exam = client.get("/mammolens/worklist").json()["exams"][0]
    assert client.post(f"/mammolens/exams/{exam['exam']}/infer", json={}).status_code == 200
    return dict(exam)


def test_exams_are_counted(a_client: TestClient) -> None:
    exam = _inferred(a_client)
    a_client.post(f"/mammolens/exams/{exam['exam']}/decisions", json={"verdict": "normal"})
    found = _samples(a_client)
    assert found["mammolens_ready", ""] == 1
    assert found["mammolens_exams", "done"] == 1
    assert found["mammolens_exams", "new"] == 1
    assert found["mammolens_exams", "failed"] == 0
    assert found["mammolens_exams_scored", ""] == 1
    assert found["mammolens_exams_unreviewed", ""] == 1


def test_drift_and_the_serving_model_are_told(a_client: TestClient) -> None:
    _inferred(a_client)
    found = _samples(a_client)
    calibration = a_client.get("/mammolens/worklist").json()["calibration"]
    assert found["mammolens_serving_info", calibration] == 1
    assert {cause for name, cause in found if name == "mammolens_drift_alarm"} == {
        "new_machine",
        "new_software",
        "scores_up",
        "scores_down",
    }
    assert found["mammolens_drift_exams", ""] == 1
    bins = {label: value for (name, label), value in found.items() if name == "mammolens_drift_p_values"}
    assert list(bins) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"]
    assert sum(bins.values()) == 1


def test_infer_requests_are_counted_and_timed(a_client: TestClient) -> None:
    image = a_client.get("/mammolens/worklist").json()["exams"][0]["images"][0]
    assert a_client.post(f"/infer/mammolens?image={image}&output=json").status_code == 200
    assert a_client.post("/infer/mammolens?image=nobody&output=json").status_code == 404
    found = _samples(a_client)
    assert found["mammolens_infer_seconds_count", "answered"] == 1
    assert found["mammolens_infer_seconds_sum", "answered"] > 0


def test_learning_jobs_are_told(a_client: TestClient) -> None:
    assert _samples(a_client)["mammolens_learning_jobs_queued", ""] == 0
    a_client.post("/mammolens/jobs", json={"kind": "recalibrate"})  # nobody runs it: the queue was not started
    found = _samples(a_client)
    assert found["mammolens_learning_jobs_queued", ""] == 1
    assert found["mammolens_learning_job_running", "recalibrate"] == 0


def test_deliveries_are_told(a_client: TestClient, an_app: MammoLensApp, tmp_path: Path) -> None:
    queue = DeliveryQueue(tmp_path / "deliveries")
    queue.put(Delivery(kind=DeliveryKind.DICOM, exam="e-1", fingerprint="f", images=(), queued_at=5.0))
    an_app.courier = Courier(queue, {DeliveryKind.DICOM: NoChannel()}, 72)
    found = _samples(a_client)
    assert found["mammolens_deliveries_waiting", "dicom"] == 1
    assert found["mammolens_deliveries_waiting_since_seconds", "dicom"] == 5
    assert found["mammolens_deliveries_failed", "dicom"] == 0
    assert found["mammolens_deliveries_up", "dicom"] == 1
    assert a_client.get("/info/").json()["deliveries"]["dicom"]["waiting"] == 1


def test_no_identifier_of_a_patient_is_told(a_client: TestClient) -> None:
    exam = _inferred(a_client)
    text = a_client.get("/metrics").text
    for identifier in (exam["patient"], exam["exam"], *exam["images"]):
        assert identifier not in text
    assert exam["patient"].startswith("PHANTOM")


def test_without_a_model_it_says_that_the_server_is_not_ready(
    a_client: TestClient, an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise ModelError(Path("model"), "is gone", "restore it")

    monkeypatch.setattr(an_app._serving, "predictor", gone)
    found = _samples(a_client)
    assert found["mammolens_ready", ""] == 0
    assert not any(name.startswith("mammolens_exams") for name, _ in found)
    assert found["mammolens_infer_seconds_count", "answered"] == 0


def _count(times: InferTimes, outcome: str) -> float | None:
    return times.registry.get_sample_value("mammolens_infer_seconds_count", {"outcome": outcome})


def test_each_request_is_counted_by_how_it_ended() -> None:
    times = InferTimes()
    for _ in range(2):
        with times.timed():
            pass
    with pytest.raises(RequestError), times.timed():
        raise RequestError("image", "is missing", "give one")
    with pytest.raises(ZeroDivisionError), times.timed():
        1 / 0  # noqa: B018
    assert [_count(times, outcome) for outcome in ("answered", "refused", "failed")] == [2, 1, 1]


def test_before_the_first_request_every_ending_is_told_as_zero() -> None:
    times = InferTimes()
    assert [_count(times, outcome) for outcome in ("answered", "refused", "failed")] == [0, 0, 0]
    assert b"mammolens_infer_seconds_bucket" in generate_latest(times.registry)


def test_two_apps_count_apart() -> None:
    one, other = InferTimes(), InferTimes()
    with one.timed():
        pass
    assert _count(other, "answered") == 0


def test_requests_are_timed_by_route_and_not_by_address(a_client: TestClient) -> None:
    a_client.get("/mammolens/exams/e-0123456789abcdef")
    a_client.get("/nowhere/e-0123456789abcdef")
    text = a_client.get("/metrics").text
    assert 'mammolens_request_seconds_count{method="GET",route="/mammolens/exams/{exam}",status="4xx"} 1.0' in text
    assert 'mammolens_request_seconds_count{method="GET",route="none",status="4xx"} 1.0' in text
    assert "e-0123456789abcdef" not in text


def test_disk_and_pacs_are_told(a_client: TestClient, an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _samples(a_client)
    for folder in ("data", "models", "temporary"):
        assert 0 < found["mammolens_disk_free_bytes", folder] <= found["mammolens_disk_total_bytes", folder]
    assert found["mammolens_pacs_up", ""] == 1
    monkeypatch.setattr(an_app, "pacs_trouble", lambda: "the PACS does not answer")
    assert _samples(a_client)["mammolens_pacs_up", ""] == 0


def test_steps_of_an_inference_are_timed(a_client: TestClient) -> None:
    image = a_client.get("/mammolens/worklist").json()["exams"][0]["images"][0]
    assert a_client.post(f"/infer/mammolens?image={image}&output=json").status_code == 200
    found = _samples(a_client)
    counted = {label for (name, label), value in found.items() if name.endswith("step_seconds_count") and value == 1}
    assert counted == {"pre", "siblings", "infer", "write", "total"}
