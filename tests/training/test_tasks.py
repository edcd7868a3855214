from __future__ import annotations

import numpy as np
import pytest

from mammolens.config import ModelConfig
from mammolens.errors import ConfigError
from mammolens.training.preparation import StoredCases
from mammolens.training.reconstruction import ReconstructionTask
from mammolens.training.restoration import RestorationTask
from mammolens.training.sample import Sample
from mammolens.training.stored_samples import StoredSamples, store
from mammolens.training.tasks import build_task

MILLIMETRES = {"grid": "pixel_size", "pixel_size_mm": 0.75}


def a_config(preprocessing: dict, **training) -> ModelConfig:
    return ModelConfig.model_validate({"preprocessing": preprocessing, "training": training})


@pytest.fixture
def three_images(tmp_path) -> tuple[StoredCases, StoredCases, StoredCases]:
    """One image to learn from, one to validate on, one known abnormal one."""
    image = Sample.normal(np.full((32, 32), 0.5, np.float32), np.ones((32, 32), np.bool_))
    store(image, tmp_path / "image")
    return (StoredCases((), StoredSamples((tmp_path / "image",))),) * 3


@pytest.mark.parametrize(
    ("config", "task"),
    [
        (a_config({}), ReconstructionTask),
        (a_config(MILLIMETRES), ReconstructionTask),
        (a_config(MILLIMETRES, lesions={}), RestorationTask),
        (a_config(MILLIMETRES, lesions={}, exposure_share=0.5), RestorationTask),
    ],
)
def test_the_configuration_tells_the_task(three_images, config, task):
    assert type(build_task(config, *three_images)) is task


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (a_config({}, lesions={}), "training.lesions: has sizes in mm, and the grid has no"),
        (a_config({"pixel_size_mm": 1.0}, lesions={}), "training.lesions: has sizes in mm, and the grid has no"),
        (a_config(MILLIMETRES, exposure_share=0.5), "training.exposure_share: .*; set training.lesions"),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_remedy(three_images, config, message):
    with pytest.raises(ConfigError, match=message):
        build_task(config, *three_images)
