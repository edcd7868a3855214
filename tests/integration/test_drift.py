"""Drift at a real server: exams like the calibration's, of another machine, of other software with another contrast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import torch
from numpy.typing import NDArray

from mammolens.config import ModelConfig, PreprocessingConfig, TrainingConfig
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.models.directory import CALIBRATION, save_model, seal_model
from mammolens.models.networks import build_network
from mammolens.training.calibrate import Unseen, calibrate
from mammolens.transforms.pipeline import Pipeline

from ..patience import until
from .conftest import Server, StartServer

pytestmark = pytest.mark.integration
SIZE: dict[str, Any] = {"rows": 96, "columns": 80, "spacing": (2.6, 2.6)}
Change = Callable[[pydicom.FileDataset], None]


@pytest.fixture(scope="module")
def a_model_of_the_phantoms_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, calibrated on sixty phantoms as they are."""
    folder = tmp_path_factory.mktemp("calibrated")
    normals = write_phantom_dataset(folder / "normals", normals=60, seed=1, **SIZE)
    config = ModelConfig(preprocessing=PreprocessingConfig(size=64), training=TrainingConfig(epochs=1))
    torch.manual_seed(0)
    network = build_network(config.network).eval()
    save_model(folder / "model", config, network, {"notice": "random weights"})
    unseen = [Unseen(network, normals.cases)]
    calibration, _ = calibrate(unseen, Pipeline(config.preprocessing), config, lambda: None)
    calibration.save(folder / "model" / CALIBRATION)
    seal_model(folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def a_server(
    start_server: StartServer, a_model_of_the_phantoms_machine: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Server, Path]:
    """A server, and the folder where exams arrive."""
    studies = tmp_path_factory.mktemp("studies")
    return start_server(studies, a_model_of_the_phantoms_machine), studies


def _arrive(server: Server, studies: Path, count: int, seed: int, change: Change = lambda _: None) -> dict[str, Any]:
    """Let exams arrive and be scored; what the server says of drift then."""
    before, arriving = len(server.images()), studies / str(seed)
    for case in write_phantom_dataset(arriving, normals=count, seed=seed, **SIZE).cases:
        dataset = pydicom.dcmread(case.path)
        change(dataset)
        dataset.save_as(case.path)
    until(lambda: len(server.images()) >= before + 4 * count, lambda: "the exams were not seen")
    assert server.post("/scoring/anomaly?run_sync=true", json={}).status_code == 200
    answer = server.get("/mammolens/drift")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _of_another_machine(dataset: pydicom.FileDataset) -> None:
    dataset.ManufacturerModelName = "another law"


def _of_new_software_with_another_contrast(dataset: pydicom.FileDataset) -> None:
    values: NDArray[np.float64] = dataset.pixel_array / 4095.0
    dataset.PixelData = np.rint(4095 * values**0.5).astype("<u2").tobytes()
    dataset.SoftwareVersions = ["2", "patch 1"]


def test_a_new_machine_and_new_software_raise_the_alarm_and_nothing_else_does(a_server: tuple[Server, Path]) -> None:
    server, studies = a_server
    calm = _arrive(server, studies, 30, seed=2)
    assert (calm["alarm"], calm["exams"], calm["enough"]) == (False, 30, True)
    assert [(machine["exams"], machine["known"]) for machine in calm["machines"]] == [(30, True)]
    assert calm["software"] == [{"version": "1", "exams": 30, "known": True}]

    new = _arrive(server, studies, 4, seed=3, change=_of_another_machine)
    assert [(alarm["cause"], alarm["source"]) for alarm in new["alarms"]] == [
        ("new_machine", "MammoLens Phantom another law")
    ]
    assert new["sentence"].startswith("4 of the last 34 exams are from a machine that is not in the calibration")

    moved = _arrive(server, studies, 30, seed=4, change=_of_new_software_with_another_contrast)
    alarms = {alarm["cause"]: alarm["source"] for alarm in moved["alarms"]}
    assert alarms == {
        "new_machine": "MammoLens Phantom another law",
        "new_software": "2, patch 1",
        "scores_up": "MammoLens Phantom power law",
    }
    assert moved["p_values"][0] >= 25

    assert server.get("/info/").json()["drift"]["alarms"] == moved["alarms"]
    assert server.get("/mammolens/worklist").json()["drift"]["alarm"] is True
    metrics = server.get("/metrics").text
    assert 'mammolens_drift_alarm{cause="scores_up"} 1.0' in metrics
    assert 'mammolens_drift_alarm{cause="scores_down"} 0.0' in metrics
    log = server.log.read_text(errors="replace")
    assert log.count("drift, new_machine: ") == 1
    assert log.count("drift, scores_up: ") == 1
