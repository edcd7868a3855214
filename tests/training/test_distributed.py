"""Two processes of torchrun against one, on CPUs (Gloo)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.datasets.formats import open_dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.models.directory import TRAINING, WEIGHTS
from mammolens.training.distributed import on_first, process_group
from mammolens.training.engine import train
from mammolens.training.progress import Stage

from ..fork_server import ForkServer
from ..patience import PATIENCE_S, end

pytestmark = [pytest.mark.slow, pytest.mark.training]  # starts programs
FAILS = """
import os, sys
from mammolens.cli.main import app
from mammolens.errors import StorageError
from mammolens.training.restoration import RestorationTask

def fail(*step):
    raise StorageError("images/a", "is missing", "prepare the images again")

if os.environ["RANK"] == "1":
    RestorationTask.batch = fail
app(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def normals(tmp_path_factory) -> Dataset:
    folder = tmp_path_factory.mktemp("normals")
    write_phantom_dataset(folder, normals=6, rows=192, columns=160, spacing=(1.25, 1.25))
    return open_dataset(folder)


@pytest.fixture(scope="module")
def config(a_short_config) -> ModelConfig:
    """Batches of eleven images and of one, which is fewer than processes."""
    wanted = {
        "preprocessing": {"grid": "pixel_size", "pixel_size_mm": 4.0, "size": 96, "margin": 0},
        "network": {"name": "small_unet", "options": {"width": 2}},
        "training": {"epochs": 3, "batch_size": 11, "lesions": {}, "ema": 0.5},
        "scoring": {"erosion": 2},
    }
    return ModelConfig.model_validate({**a_short_config.model_dump(), **wanted})


@pytest.fixture(scope="module")
def by_one(config, normals, tmp_path_factory) -> Path:
    return train(config, normals, tmp_path_factory.mktemp("one") / "model")


@dataclass(frozen=True)
class Ended:
    """How torchrun ended, and what it and its processes printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def by_two(config: ModelConfig, normals: Dataset, fork_server: ForkServer) -> Callable[..., Ended]:
    """``mammolens train`` by two processes; a module of its own takes the place of ``mammolens``."""

    def run(output: Path, *more: str, module: str = "mammolens") -> Ended:
        path = output.parent / "config.yaml"
        path.write_text(config.to_yaml())
        data = os.path.commonpath([case.path for case in normals.cases])
        torchrun = fork_server.start(
            "torch.distributed.run",
            *("--standalone", "--nproc-per-node", "2", "-m", module, "train"),
            *("-c", path, "-d", data, "-o", output, *more),
            environment={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(output.parent)},
            own_session=True,
            python=fork_server.python,
        )
        try:
            stdout, stderr = torchrun.communicate(PATIENCE_S)
        finally:
            end(torchrun)
        return Ended(torchrun.wait(), stdout, stderr)

    return run


def assert_about_equal(one: Path, two: Path) -> None:
    """Sums in another order: errors within 0.01 %, weights within 0.5 %; they are stored rounded."""
    (expected_member,), (member,) = (json.loads((model / TRAINING).read_text())["members"] for model in (one, two))
    for key in ("training_errors", "validation_errors"):
        assert member[key] == pytest.approx(expected_member[key], rel=1e-4)
    expected, found = (load_file(model / WEIGHTS) for model in (one, two))
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=5e-3, atol=1e-4)


def test_two_processes_train_the_model_of_one_and_the_first_alone_writes_and_reports(by_one, by_two, tmp_path):
    ended = by_two(tmp_path / "model")
    assert ended.returncode == 0, ended.stderr
    assert_about_equal(by_one, tmp_path / "model")
    assert len(ended.stdout.splitlines()) == 1
    assert [line.split(",")[0].strip() for line in ended.stderr.splitlines() if "training error" in line] == [
        f"epoch {number}/3" for number in (1, 2, 3)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "model"]


def test_two_processes_go_on_with_what_one_has_begun(config, normals, by_one, by_two, tmp_path, stopping):
    with pytest.raises(KeyboardInterrupt):
        train(config, normals, tmp_path / "model", progress=stopping(Stage.LEARN, 1))
    ended = by_two(tmp_path / "model", "--resume")
    assert ended.returncode == 0, ended.stderr
    assert "epoch 1/3" not in ended.stderr
    assert_about_equal(by_one, tmp_path / "model")


def test_an_error_of_one_process_ends_all_and_is_reported_once(by_two, tmp_path):
    (tmp_path / "fails.py").write_text(FAILS)
    ended = by_two(tmp_path / "model", module="fails")
    assert ended.returncode != 0
    assert ended.stderr.count("error: images/a: is missing; prepare the images again") == 1
    assert ended.stderr.count("error: ") == 1
    assert not (tmp_path / "model").exists()


def test_an_error_of_all_processes_is_reported_once(by_two, tmp_path):
    (tmp_path / "model").mkdir()
    ended = by_two(tmp_path / "model")
    assert ended.returncode != 0
    assert ended.stderr.count("already exists; choose another output") == 1


def test_a_process_that_torchrun_did_not_start_is_the_first():
    with process_group() as first:
        assert first
        assert on_first(lambda: "made") == "made"
