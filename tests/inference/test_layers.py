from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammolens.inference.layers import layers_of

LEVELS = {"low": 1.0, "moderate": 2.0, "high": 3.0}


def array(content: bytes, mode: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert(mode), dtype=int)


@pytest.fixture(scope="module")
def mammogram(an_exam):
    return an_exam[0]


@pytest.fixture(scope="module")
def layers(a_predictor, mammogram):
    result = a_predictor.predict(mammogram)
    heat = np.zeros(mammogram.pixels.shape, np.float32)
    heat[20:80, 20:80], heat[40:60, 40:60] = 1.5, 3.5
    record = result.record.model_copy(update={"levels": LEVELS, "findings": []})
    hot = replace(result, record=record, anomaly_map=heat)
    return layers_of(mammogram, hot, a_predictor.network_input(mammogram))


def test_heat_is_transparent_below_its_level(layers):
    opaque = {name: array(content, "RGBA")[..., 3] > 0 for name, content in layers.heat.items()}
    assert opaque["low"].sum() == 60 * 60
    assert opaque["moderate"].sum() == opaque["high"].sum() == 20 * 20
    assert opaque["high"][40:60, 40:60].all()


def test_a_contour_is_stronger_than_the_heat_within_and_bears_its_levels_colour(layers):
    heat = array(layers.heat["low"], "RGBA")
    assert heat[20, 50, 3] == 255 > heat[30, 30, 3]
    assert tuple(heat[20, 50, :3]) == (255, 237, 120)
    assert tuple(heat[40, 50, :3]) == (189, 0, 38)


def test_pictures_have_one_size_and_the_same_greys(layers, mammogram):
    image, seen, restored = (
        array(content, "L") for content in (layers.image, layers.network_input, layers.reconstruction)
    )
    assert image.shape == seen.shape == restored.shape == mammogram.pixels.shape
    inside = seen > 20
    assert abs(np.median(image[inside]) - np.median(seen[inside])) < 25


def test_large_images_are_shrunk(a_predictor, mammogram):
    result = a_predictor.predict(mammogram)
    small = layers_of(mammogram, result, a_predictor.network_input(mammogram), longest=50)
    assert max(array(small.image, "L").shape) == 50
