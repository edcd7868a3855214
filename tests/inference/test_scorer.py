from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from mammolens.config import PreprocessingConfig, ScoringConfig
from mammolens.inference.scorer import Scorer
from mammolens.transforms.pipeline import Pipeline, Prepared


class Constant(nn.Module):
    """Thinks that everything normal is of one grey."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.full_like(image, self.grey)


@pytest.fixture(scope="module")
def a_prepared_image(an_exam) -> Prepared:
    return Pipeline(PreprocessingConfig(size=64)).prepare(an_exam[0])


def test_the_score_is_the_mean_squared_error_inside_the_breast(a_prepared_image):
    scored = Scorer(Constant(0.25), ScoringConfig()).score(a_prepared_image)
    inside = a_prepared_image.mask.as_tensor() > 0.5
    greys = a_prepared_image.image.as_tensor()[inside]
    assert scored.pred_score == pytest.approx(float(((greys - 0.25) ** 2).mean()), rel=1e-5)


def test_a_network_that_returns_its_input_scores_zero(a_prepared_image):
    scored = Scorer(nn.Identity(), ScoringConfig()).score(a_prepared_image)
    assert (scored.pred_score, scored.map_peak) == (0.0, 0.0)


def relative_error(prepared: Prepared, grey: float) -> NDArray[np.float32]:
    """Squared error in multiples of its mean inside the breast, 0 outside."""
    inside = (prepared.mask.as_tensor() > 0.5)[0].numpy()
    error = (prepared.image.as_tensor()[0].numpy() - np.float32(grey)) ** 2 * inside
    return error / error[inside].mean()


def test_the_map_is_the_relative_error_smoothed_inside_the_eroded_breast(a_prepared_image):
    scored = Scorer(Constant(0.25), ScoringConfig(smoothing=1.5, erosion=3)).score(a_prepared_image)
    inside = (a_prepared_image.mask.as_tensor() > 0.5)[0].numpy()
    eroded = ndimage.binary_erosion(inside, iterations=3)  # from the image's edge too
    expected = ndimage.gaussian_filter(relative_error(a_prepared_image, 0.25), 1.5) * eroded
    assert 0 < eroded.sum() < inside.sum()
    assert scored.anomaly_map[0].numpy() == pytest.approx(expected, rel=1e-4)
    assert scored.map_peak == pytest.approx(float(expected.max()), rel=1e-4)


def test_without_smoothing_and_erosion_the_map_is_the_relative_error(a_prepared_image):
    scored = Scorer(Constant(0.25), ScoringConfig(smoothing=0, erosion=0)).score(a_prepared_image)
    assert scored.anomaly_map[0].numpy() == pytest.approx(relative_error(a_prepared_image, 0.25), rel=1e-4)


def test_a_machine_whose_images_are_twice_as_hard_has_no_more_heat(a_prepared_image):
    image = a_prepared_image.image
    halved = replace(a_prepared_image, image=MetaTensor(image.as_tensor() / 2, meta=dict(image.meta)))
    hard, easy = (Scorer(Constant(0.0), ScoringConfig()).score(each) for each in (a_prepared_image, halved))
    assert hard.pred_score == pytest.approx(4 * easy.pred_score)
    assert torch.allclose(hard.anomaly_map, easy.anomaly_map, rtol=1e-4)


def test_it_judges_in_evaluation_mode_and_leaves_its_input_alone(a_prepared_image):
    network = nn.Sequential(nn.Dropout(0.9))
    before = a_prepared_image.image.as_tensor().clone()
    first, second = (Scorer(network, ScoringConfig()).score(a_prepared_image) for _ in range(2))
    assert first.pred_score == second.pred_score == 0.0
    assert torch.equal(a_prepared_image.image.as_tensor(), before)
