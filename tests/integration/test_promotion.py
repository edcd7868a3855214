"""What a real server learns meets the gate: refused, waiting for a person, accepted, rolled back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..alpha import with_alpha
from ..patience import until
from .conftest import Server, StartServer

pytestmark = pytest.mark.integration
WOMEN = 16


@pytest.fixture(scope="module")
def a_site(start_server: StartServer, a_trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Sixteen women, two views each, all accepted as normal; the gate is content with eight of them."""
    home = tmp_path_factory.mktemp("site")
    write_phantom_dataset(home / "studies", normals=WOMEN, seed=3, rows=96, columns=80, spacing=(2.6, 2.6))
    for view in (home / "studies").rglob("*_CC.dcm"):
        view.unlink()
    policy = home / "policy.yaml"
    policy.write_text("min_patients: 8\nresamples: 100\n")
    conf = {"gate_policy": str(policy), "held_out_share": "0.7", "learning_threads": "1"}
    model = with_alpha(a_trained_model, home / "model", 0.2)
    server = start_server(home / "studies", model=model, conf=conf)
    for exam in server.get("/mammolens/worklist").json()["exams"]:
        answer = server.post(
            f"/mammolens/exams/{exam['exam']}/decisions", json={"verdict": "normal", "second_confirmation": True}
        )
        assert answer.status_code == 200, answer.text
    return server


def _learned(server: Server, **body: Any) -> dict[str, Any]:
    """The outcome of a job, once it is done."""
    job = server.post("/mammolens/jobs", json=body).json()

    def over() -> bool:
        job.update(server.get(f"/mammolens/jobs/{job['job']}").json())
        return job["state"] not in ("queued", "running")

    until(over, lambda: job)
    assert job["state"] == "done", job
    return dict(job["outcome"])


def test_a_model_that_learned_nothing_is_refused_with_the_reason(a_site: Server) -> None:
    before = a_site.get("/mammolens/models").json()["serving"]
    outcome = _learned(a_site, kind="train", from_scratch=True, epochs=1, learning_rate=1e-7)
    assert (outcome["serves"], outcome["waits"]) == (False, False)
    assert "is not shown to detect synthetic lesions better than chance" in outcome["reason"]
    assert outcome["patients"] + outcome["held_out"] == WOMEN
    told = a_site.get("/mammolens/models").json()
    assert told["serving"] == before
    refused = a_site.get(f"/mammolens/models/{outcome['model']}").json()
    assert (refused["state"], refused["kind"], refused["added_by"]) == ("refused", "train", "admin")
    assert [check["name"] for check in refused["gate_result"]["checks"]] == [
        check["name"] for check in outcome["checks"]
    ]
    promoted = a_site.post(f"/mammolens/models/{outcome['model']}/promote", json={})
    assert promoted.status_code == 400
    assert "the gate has not approved this model" in promoted.json()["detail"]


def test_a_new_calibration_waits_for_a_person_serves_and_is_rolled_back(a_site: Server) -> None:
    image = a_site.images()[0]
    before, first = a_site.record(image), a_site.get("/mammolens/models").json()["serving"]
    outcome = _learned(a_site, kind="recalibrate", ask=True)
    assert (outcome["serves"], outcome["waits"]) == (False, True), outcome["reason"]
    assert a_site.record(image)["calibration"] == before["calibration"]
    accepted = a_site.post(f"/mammolens/models/{outcome['model']}/promote").json()
    assert accepted["serving"] == outcome["model"]
    after = a_site.record(image)
    assert after["model"] == before["model"]
    assert after["calibration"] != before["calibration"]
    back = a_site.post("/mammolens/models/rollback", json={"why": "a trial"}).json()
    assert back["serving"] == first
    assert [entry["event"] for entry in back["history"][:2]] == ["rolled_back", "promoted"]
    assert a_site.record(image)["calibration"] == before["calibration"]
