from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import block_reduce

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.dicom import appearance
from mammolens.dicom.appearance import (
    guess_laterality,
    guess_view,
    has_bright_background,
    picture_contradicts_view,
    thumbnail,
)
from mammolens.enums import Laterality, ViewPosition

TAG = (slice(10, 30), slice(90, 120))


@pytest.fixture(params=range(4), ids=["R CC", "L CC", "R MLO", "L MLO"])
def a_view(a_phantom_exam, request: pytest.FixtureRequest):
    return a_phantom_exam.views[request.param]


def framed(pixels: np.ndarray) -> np.ndarray:
    image = pixels.copy()
    image[:2], image[-2:], image[:, :2], image[:, -2:] = 1, 1, 1, 1
    return image


def tagged(pixels: np.ndarray) -> np.ndarray:
    image = pixels.copy()
    image[TAG] = 1
    return image


def on_film(pixels: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0.12, 0.02, pixels.shape)
    return np.clip(noise + 0.8 * pixels, 0, 1).astype(np.float32)


@pytest.mark.parametrize("bent", [np.copy, framed, tagged, on_film], ids=lambda bent: bent.__name__)
def test_polarity_side_and_view_are_seen(a_view, bent):
    pixels = bent(a_view.pixels)
    assert not has_bright_background(pixels)
    assert has_bright_background((1 - pixels).astype(np.float32))
    assert guess_laterality(pixels) is a_view.laterality
    assert guess_view(pixels) is a_view.view


@pytest.mark.parametrize("bent", [np.copy, framed, tagged, on_film], ids=lambda bent: bent.__name__)
def test_a_picture_never_contradicts_its_own_view_and_a_cc_always_contradicts_mlo(a_view, bent):
    pixels = bent(a_view.pixels)
    assert not picture_contradicts_view(pixels, a_view.view)
    assert not picture_contradicts_view(pixels, ViewPosition.XCCL)
    assert not picture_contradicts_view(pixels, None)
    if a_view.view is ViewPosition.CC:
        assert picture_contradicts_view(pixels, ViewPosition.MLO)


def test_an_mlo_with_much_muscle_contradicts_cc():
    views = make_phantom_exam(6, rows=256, columns=208, spacing=(1.0, 1.0)).views
    assert [picture_contradicts_view(view.pixels, ViewPosition.CC) for view in views] == [False, False, True, True]


def test_the_side_follows_the_mirror(a_view):
    mirrored = np.ascontiguousarray(a_view.pixels[:, ::-1])
    assert guess_laterality(mirrored) is not a_view.laterality
    assert guess_view(mirrored) is a_view.view


@pytest.mark.parametrize("shape", [(64, 64), (64, 4000), (4000, 64), (97, 65), (5000, 4000)], ids=str)
def test_a_thumbnail_is_small_whatever_the_shape(shape):
    small = thumbnail(np.random.default_rng(0).random(shape, dtype=np.float32))
    assert small.dtype == np.float32
    assert min(small.shape) >= 4
    assert small.size <= 96 * 96 or min(shape) < 800


@pytest.mark.parametrize("image", [np.zeros((64, 2000)), np.ones((200, 100)), np.eye(128)], ids=["0", "1", "line"])
def test_images_that_show_nothing_do_not_break_a_guess(image):
    pixels = image.astype(np.float32)
    assert not has_bright_background(pixels) or image.mean() < 0.5
    assert guess_laterality(pixels) in Laterality
    guess_view(pixels)


def test_a_thumbnail_holds_means():
    image = np.arange(192 * 192, dtype=np.float32).reshape(192, 192)
    np.testing.assert_allclose(thumbnail(image)[0, 0], image[4:6, 4:6].mean())


@pytest.mark.parametrize("shape", [(190, 192), (97, 65), (1001, 777)], ids=str)
def test_a_thumbnail_holds_the_means_of_whole_blocks(shape):
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    step = -(-max(shape) // 96)
    means = block_reduce(image, step, np.mean)[: shape[0] // step, : shape[1] // step]
    np.testing.assert_allclose(thumbnail(image), means[1:-1, 1:-1], rtol=1e-6)


def test_the_view_is_checked_on_one_thumbnail(a_view, monkeypatch: pytest.MonkeyPatch):
    made = []
    monkeypatch.setattr(appearance, "thumbnail", lambda pixels: made.append(0) or thumbnail(pixels))
    picture_contradicts_view(a_view.pixels, a_view.view)
    assert len(made) == 1
