"""Model directories made in milliseconds: random weights, made-up scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import ModelConfig, NetworkConfig, PreprocessingConfig
from mammolens.models.directory import CALIBRATION, save_model, seal_model
from mammolens.models.networks import build_network

MakeModel = Callable[..., Path]


@pytest.fixture
def a_small_config() -> ModelConfig:
    return ModelConfig(
        name="small",
        preprocessing=PreprocessingConfig(size=32),
        network=NetworkConfig(options={"width": 2}),
    )


def write_model(folder: Path, seed: int, config: ModelConfig) -> None:
    torch.manual_seed(seed)
    save_model(folder, config, build_network(config.network), {"seed": seed})
    image = NormalImage(patient=0, view="CC", acquisition_group=None, raw_score=seed, pred_score=0, map_peak=1)
    exam = NormalExam(patient=0, acquisition_group=None, exam_score=0, asymmetry=None)
    Calibration((image,), (exam,), config.calibration).save(folder / CALIBRATION)
    seal_model(folder)


@pytest.fixture
def make_model(tmp_path: Path, a_small_config: ModelConfig) -> MakeModel:
    """Write a complete model directory; another seed, other weights."""

    def make(seed: int = 0, config: ModelConfig = a_small_config) -> Path:
        folder = tmp_path / f"made-{seed}-{config.name}"
        write_model(folder, seed, config)
        return folder

    return make
