"""A data set with splits, and a configuration that learns in a blink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.experiments.space import SearchSpace, load_space


@pytest.fixture(scope="session")
def a_quick_config() -> ModelConfig:
    """One epoch at 32 pixels."""
    return ModelConfig.model_validate(
        {
            "name": "quick",
            "preprocessing": {"size": 32},
            "network": {"options": {"width": 2}},
            "training": {"epochs": 1, "learning_rate": 0.01, "validation_fraction": 0.3},
            "calibration": {"fraction": 0.3},
        }
    )


@pytest.fixture(scope="session")
def an_exposed_config(a_quick_config: ModelConfig) -> ModelConfig:
    """One epoch of restoration, half of each batch with real lesions."""
    wanted = {
        "preprocessing": {"grid": "pixel_size", "pixel_size_mm": 4.0, "size": 96, "margin": 0},
        "network": {"name": "small_unet", "options": {"width": 1}},
        "training": {**a_quick_config.training.model_dump(), "lesions": {}, "exposure_share": 0.5},
    }
    return ModelConfig.model_validate({**a_quick_config.model_dump(), **wanted})


@pytest.fixture
def a_space(a_quick_config: ModelConfig, tmp_path: Path) -> SearchSpace:
    """The learning rate, and widths of which the configuration's own is one."""
    path = tmp_path / "space.yaml"
    path.write_text(
        "training.learning_rate: {low: 0.001, high: 0.1, log: true}\nnetwork.options.width: {choices: [2, 3, 4]}\n"
    )
    return load_space(path, a_quick_config)


@pytest.fixture(scope="session")
def split_phantoms(mlo_phantoms: Dataset) -> Dataset:
    """Eight phantoms to train on, three to calibrate, five and one abnormal one for test, one abnormal exposed."""

    def split(case: Case) -> Split:
        number = int(case.patient_id.removeprefix("PHANTOM-"))
        if number < 8:
            return Split.TRAIN
        return Split.CALIBRATION if number < 11 else Split.EXPOSURE if number == 16 else Split.TEST

    return replace(mlo_phantoms, cases=tuple(replace(case, split=split(case)) for case in mlo_phantoms.cases))


@pytest.fixture(scope="session")
def few_phantoms(mlo_phantoms: Dataset) -> Dataset:
    """Ten normal phantoms and the two abnormal ones."""
    kept = (*mlo_phantoms.patients[:10], *mlo_phantoms.patients[16:])
    return mlo_phantoms.where(lambda case: case.patient_id in kept)


@pytest.fixture
def cases_of() -> Callable[..., tuple[Case, ...]]:
    """Makes normal cases, one image each, of patients of one site and machine; no file is there."""
    from mammolens.types import ImageAttributes

    def make(names: str, site: str | None = None, machine: str | None = None) -> tuple[Case, ...]:
        return tuple(
            Case(
                path=Path(f"{name}.dcm"),
                patient_id=name,
                attributes=ImageAttributes(patient_id=name, machine_id=machine),
                abnormal=False,
                clean_normal=True,
                site=site,
            )
            for name in names.split()
        )

    return make
