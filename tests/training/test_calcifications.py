from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mammolens.config import CalcificationConfig, CalcificationsConfig, TrainingConfig
from mammolens.datasets.base import Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import SpacingSource
from mammolens.errors import ConfigError, DatasetError, ModelError, UnsupportedMammogramError
from mammolens.models.calcification_network import CalcificationNetwork
from mammolens.models.calcifications import CALCIFICATIONS, load_calcifications
from mammolens.training.calcifications import tiles_of, train_calcifications
from mammolens.training.cluster_task import PATCH, ClusterTask
from mammolens.training.ensemble import train_plan
from mammolens.training.lesions.fine_calcifications import draw_benign, draw_fine_cluster
from mammolens.training.progress import Stage
from mammolens.training.sample import Sample
from mammolens.types import PixelSpacing

pytestmark = pytest.mark.slow

PIXEL = 0.14


@pytest.fixture(scope="module")
def fine_phantoms(tmp_path_factory) -> Dataset:
    """Three normal exams with small pixels."""
    folder = tmp_path_factory.mktemp("fine")
    return write_phantom_dataset(folder, normals=3, rows=512, columns=416, spacing=(0.25, 0.25))


@pytest.fixture(scope="module")
def a_config() -> CalcificationConfig:
    training = {"epochs": 2, "batch_size": 16, "schedule": "one_cycle", "validation_fraction": 0.3}
    return CalcificationConfig.model_validate({"calcifications": {}, "training": training})


@pytest.fixture(scope="module")
def a_branch(fine_phantoms, a_config, tmp_path_factory):
    """The folder of a model with nothing but a branch that learned for two epochs."""
    folder = tmp_path_factory.mktemp("model")
    train_calcifications(a_config, fine_phantoms, folder / CALCIFICATIONS)
    return folder


def test_the_branch_is_written_whole_and_can_be_loaded(a_branch, a_config):
    assert {path.name for path in a_branch.rglob("*")} == {
        CALCIFICATIONS,
        "config.yaml",
        "model.safetensors",
        "training.json",
    }
    branch = load_calcifications(a_branch)
    assert branch.config == a_config
    assert branch.training["patients"] == {"train": 2, "validation": 1}
    assert branch.training["tiles"]["train"] >= branch.training["images"]["train"] > 0
    assert len(branch.training["validation_errors"]) == 2
    assert "PHANTOM" not in json.dumps(branch.training)
    assert branch.network(torch.rand(1, 1, 64, 96)).shape == (1, 1, 8, 12)
    assert (a_branch / CALCIFICATIONS / "model.safetensors").stat().st_size < 500_000


def test_an_interrupted_run_goes_on_to_the_same_weights(a_branch, fine_phantoms, a_config, stopping, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train_calcifications(a_config, fine_phantoms, tmp_path / "x", progress=stopping(Stage.LEARN, 1))
    train_calcifications(a_config, fine_phantoms, tmp_path / "x", resume=True)
    ours, theirs = (folder / "model.safetensors" for folder in (tmp_path / "x", a_branch / CALCIFICATIONS))
    assert ours.read_bytes() == theirs.read_bytes()


def test_it_is_not_written_over_another(a_branch, fine_phantoms, a_config):
    with pytest.raises(ModelError, match="already exists"):
        train_calcifications(a_config, fine_phantoms, a_branch / CALCIFICATIONS)


def test_coarse_images_teach_nothing(phantoms, a_config, tmp_path):
    with pytest.raises(DatasetError, match="no usable image of fine pixels"):
        train_calcifications(a_config, phantoms, tmp_path / "x")


def test_it_starts_from_no_model(fine_phantoms, a_config, tmp_path):
    with pytest.raises(ConfigError, match="starts from nothing and learns from normal images alone"):
        train_plan(a_config, fine_phantoms, tmp_path / "x", start_from=tmp_path)


def test_a_view_gives_tiles_within_the_breast_and_a_tile_itself(fine_phantoms):
    case = fine_phantoms.cases[0]
    view = read_mammogram(case.path, case.attributes)
    tiles = tiles_of(view, PIXEL, seed=0)
    assert 0 < len(tiles) <= 6
    assert {tile.shape for tile in tiles} == {(161, 161)}
    assert min(tile.min() for tile in tiles) >= 0
    part = replace(view, pixels=np.ascontiguousarray(view.pixels[200:300, -120:-20]))
    (tile,) = tiles_of(part, PIXEL, seed=0)
    assert tile.shape == (179, 179)
    coarse = replace(view, header=replace(view.header, spacing=PixelSpacing(0.4, 0.4, SpacingSource.TABLE)))
    with pytest.raises(UnsupportedMammogramError, match="too coarse to show calcifications"):
        tiles_of(coarse, PIXEL, seed=0)


def test_a_cluster_is_bright_within_its_outline():
    for seed in range(10):
        drawn = draw_fine_cluster(np.random.default_rng(seed), PATCH, PIXEL)
        assert drawn.added.shape == drawn.outline.shape == (PATCH, PATCH)
        assert drawn.added.min() >= 0
        if drawn.outline.any():
            assert drawn.added[drawn.outline].max() == drawn.added.max() > 0.5


def test_what_is_benign_has_a_contrast():
    peaks = [draw_benign(np.random.default_rng(seed), PATCH, PIXEL).max() for seed in range(30)]
    assert 1 < np.median(peaks) < 30


def test_only_patches_with_a_drawn_cluster_are_labelled():
    tile = Sample.normal(np.full((120, 120), 0.4, np.float32), np.ones((120, 120), np.bool_))
    seen = []

    class Network(CalcificationNetwork):
        def forward(self, greys: torch.Tensor) -> torch.Tensor:
            seen.append(greys)
            return super().forward(greys)

    settings = CalcificationsConfig(share=0.5, benign=0.0)
    task = ClusterTask([tile] * 8, [tile] * 8, TrainingConfig(batch_size=8), settings)
    network = Network().eval()
    assert task.validation_error(network) == task.validation_error(network)
    losses = [task.loss(network, task.batch(1, 0, list(range(8)))).item() for _ in range(2)]
    assert losses[0] == losses[1]
    patches = seen[-1].amax(dim=(1, 2, 3))
    assert 0 < int((patches > 0.42).sum()) < 8
