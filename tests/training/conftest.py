"""A few phantoms to train on, and runs that are cut short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.training.engine import train
from mammolens.training.progress import Observer, Stage, TrainingProgress

from ..conftest import Once


@pytest.fixture(scope="session")
def six_patients(phantoms: Dataset) -> Dataset:
    """Six normal phantoms with four views each."""
    wanted = phantoms.patients[:6]
    return phantoms.where(lambda case: case.patient_id in wanted)


@pytest.fixture(scope="session")
def a_short_config(a_tiny_config: ModelConfig) -> ModelConfig:
    """Three of six patients learn, one validates, two calibrate."""
    calibration = a_tiny_config.calibration.model_copy(update={"fraction": 0.34})
    return a_tiny_config.model_copy(update={"calibration": calibration})


@pytest.fixture(scope="session")
def an_ensemble_config(a_tiny_config: ModelConfig) -> ModelConfig:
    """Three small U-Nets, two epochs each."""
    wanted = {
        "preprocessing": {"grid": "pixel_size", "pixel_size_mm": 4.0, "size": 96, "margin": 0},
        "network": {"name": "small_unet", "options": {"width": 1}, "members": 3},
        "training": {"epochs": 2, "lesions": {}, "validation_fraction": 0.2},
        "scoring": {"erosion": 2},
    }
    return ModelConfig.model_validate({**a_tiny_config.model_dump(), "name": "ensemble", **wanted})


@pytest.fixture(scope="session")
def an_ensemble(mlo_phantoms: Dataset, an_ensemble_config: ModelConfig, once: Once) -> Path:
    """A model directory of three members learned from the phantoms."""
    return once("ensemble", lambda folder: train(an_ensemble_config, mlo_phantoms, folder))


@pytest.fixture
def stopping() -> Callable[[Stage, int], Observer]:
    """Makes an observer that ends the run, as Ctrl-C does, as soon as it hears of a step."""

    def make(stage: Stage, done: int) -> Observer:
        def observe(progress: TrainingProgress) -> None:
            if (progress.stage, progress.done) == (stage, done):
                raise KeyboardInterrupt

        return observe

    return make
