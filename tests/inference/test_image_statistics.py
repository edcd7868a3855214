from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mammolens.inference.breast_view import SIDE, BreastView
from mammolens.inference.image_statistics import ImageStatistic, image_statistics


def view(greys: np.ndarray, share: float = 0.4) -> BreastView:
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[10:110, :90] = True
    return BreastView((greys * inside).astype(np.float32), inside, share, 0.8)


@pytest.fixture
def texture() -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(2).standard_normal((SIDE, SIDE)), 3)
    return 0.5 + 0.1 * smooth / smooth.std()


def test_each_statistic_is_a_positive_number(texture):
    measured = image_statistics(view(texture))
    assert set(measured) == {statistic.value for statistic in ImageStatistic}
    assert min(measured.values()) > 0
    assert measured["breast area"] == 0.4
    assert measured["mean grey"] == pytest.approx(0.5, abs=0.05)
    assert measured["spread of greys"] == pytest.approx(0.1, rel=0.3)


def test_the_skin_line_does_not_count(texture):
    flat = image_statistics(view(np.full((SIDE, SIDE), 0.5)))
    assert flat["noise"] == flat["spread of greys"] == 1e-6
    assert flat["edge sharpness"] < 1e-3


def test_noise_makes_it_noisier_and_blur_less_sharp(texture):
    plain = image_statistics(view(texture))
    noisy = image_statistics(view(texture + 0.05 * np.random.default_rng(3).standard_normal(texture.shape)))
    blurred = image_statistics(view(ndimage.gaussian_filter(texture, 3)))
    assert noisy["noise"] > 3 * plain["noise"]
    assert blurred["edge sharpness"] < 0.6 * plain["edge sharpness"]


def test_a_breast_too_thin_to_have_an_inside_is_measured_all_the_same():
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[:, :3] = True
    measured = image_statistics(BreastView(np.full((SIDE, SIDE), 0.5, np.float32), inside, 0.03, 0.8))
    assert measured["mean grey"] == 0.5
