"""A small model that sees synthetic lesions, held-out phantoms, and worse models made of it on purpose."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.models.directory import CALIBRATION, WEIGHTS, seal_model
from mammolens.training.engine import train
from mammolens.training.recalibrate import recalibrate

from ..conftest import Once

SMALL = {"rows": 192, "columns": 160, "spacing": (1.25, 1.25)}


@pytest.fixture(scope="session")
def a_seeing_model(phantoms: Dataset, once: Once) -> Path:
    """A small U-Net, which learns from synthetic lesions for ten seconds; about AUROC 0.6 on the suite."""
    config = ModelConfig.model_validate(
        {
            "name": "seeing",
            "preprocessing": {"grid": "pixel_size", "size": 192, "pixel_size_mm": 1.25, "percentiles": [1.0, 99.9]},
            "network": {"name": "small_unet", "options": {"width": 8, "neighbourhood": 20.0}},
            "training": {
                "epochs": 24,
                "batch_size": 4,
                "learning_rate": 0.004,
                "schedule": "one_cycle",
                "weight_decay": 0.001,
                "lesions": {},
                "patience": 24,
                "validation_fraction": 0.1,
            },
            "scoring": {"smoothing": 1.0, "erosion": 3},
            "calibration": {"fraction": 0.5, "alpha": 0.2},
        }
    )
    return once("seeing", lambda folder: train(config, phantoms, folder))


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    """Normal phantoms whom no model learned from: 24 patients, a view of each breast."""
    made = write_phantom_dataset(tmp_path_factory.mktemp("held"), normals=24, seed=1, **SMALL)
    return made.where(lambda case: case.path.name.endswith("_MLO.dcm")).cases


@pytest.fixture(scope="session")
def a_shuffled_model(a_seeing_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the values of each weight in another order; its calibration is what it was."""
    folder = tmp_path_factory.mktemp("shuffled") / "model"
    shutil.copytree(a_seeing_model, folder)
    draw = torch.Generator().manual_seed(0)
    weights = load_file(folder / WEIGHTS)
    for name, values in weights.items():
        order = torch.randperm(values.numel(), generator=draw)
        weights[name] = values.flatten()[order].reshape(values.shape).contiguous()
    save_file(weights, folder / WEIGHTS)
    seal_model(folder)
    return folder


@pytest.fixture(scope="session")
def a_shuffled_model_calibrated_anew(a_shuffled_model: Path, phantoms: Dataset, once: Once) -> Path:
    """The shuffled model with an honest calibration: its rate is right, but it sees nothing."""
    return once("shuffled-calibrated-anew", lambda folder: recalibrate(a_shuffled_model, phantoms, folder))


@pytest.fixture
def miscalibrated(a_seeing_model: Path, tmp_path: Path) -> Callable[[float], Path]:
    """Copies the model as if its calibration's raw scores had been higher by so much; nothing else changes."""

    def make(shift: float) -> Path:
        folder = tmp_path / f"miscalibrated{shift}"
        shutil.copytree(a_seeing_model, folder)
        content = json.loads((folder / CALIBRATION).read_text())
        for image in content["images"]:
            image["raw_score"] += shift
        (folder / CALIBRATION).write_text(json.dumps(content))
        seal_model(folder)
        return folder

    return make
