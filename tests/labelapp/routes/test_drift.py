from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mammolens.errors import ModelError
from mammolens.labelapp.app import MammoLensApp


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
    assert drift["sentence"] == "too few exams to tell: 2, where 30 are needed"
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
