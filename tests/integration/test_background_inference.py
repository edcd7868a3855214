"""Background inference of a real server: it needs no client, and a power cut does not end it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import until
from .conftest import Server, StartServer

SMALL: Any = {"rows": 160, "columns": 128, "spacing": (1.6, 1.6)}
pytestmark = [pytest.mark.integration, pytest.mark.slow]


def _states(server: Server) -> list[str]:
    return [exam["state"] for exam in server.get("/mammolens/worklist").json()["exams"]]


def _status(server: Server) -> dict[str, Any]:
    return dict(server.get("/mammolens/inference").json())


def test_a_requested_run_survives_a_power_cut_and_later_exams_are_inferred_on_arrival(
    start_server: StartServer, tmp_path: Path
) -> None:
    studies = tmp_path / "studies"
    write_phantom_dataset(studies, normals=4, **SMALL)
    server = start_server(studies, conf={"infer_new": "on_arrival"})
    until(lambda: _status(server)["active"])
    assert _states(server) == ["new"] * 4  # they were there before
    assert server.post("/mammolens/inference").status_code == 202
    until(lambda: _states(server).count("done") >= 1)
    server.kill()
    server.start()
    until(lambda: _states(server) == ["done"] * 4)
    write_phantom_dataset(studies / "more", normals=1, seed=9, **SMALL)
    until(lambda: _states(server) == ["done"] * 5)
    assert _status(server)["sentence"] == "New exams are analysed as they arrive"
