"""A few phantoms to train on, and runs that are cut short."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.training.progress import Observer, Stage, TrainingProgress


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


@pytest.fixture
def stopping() -> Callable[[Stage, int], Observer]:
    """Makes an observer that ends the run, as Ctrl-C does, as soon as it hears of a step."""

    def make(stage: Stage, done: int) -> Observer:
        def observe(progress: TrainingProgress) -> None:
            if (progress.stage, progress.done) == (stage, done):
                raise KeyboardInterrupt

        return observe

    return make
