from __future__ import annotations

import numpy as np
import pytest

from mammolens.config import PreprocessingConfig
from mammolens.training.sample import Sample
from mammolens.transforms.pipeline import Pipeline


@pytest.fixture
def a_sample() -> Sample:
    """Six rows, seven columns, the breast in rows 2 to 4 and columns 1 to 5, a lesion of two pixels."""
    breast = np.zeros((6, 7), np.bool_)
    breast[2:5, 1:6] = True
    lesions = np.zeros_like(breast)
    lesions[3, 2:4] = True
    return Sample((np.arange(42, dtype=np.float32).reshape(6, 7) / 42) * breast, breast, lesions)


def test_it_is_the_whole_grid_of_a_prepared_image(an_exam):
    prepared = Pipeline(PreprocessingConfig(grid="pixel_size", pixel_size_mm=2.0, size=128)).prepare(an_exam[0])
    normal = Sample.of(prepared)
    assert (normal.image.shape, normal.image.dtype, normal.breast.dtype) == ((128, 128), np.float32, np.bool_)
    np.testing.assert_array_equal(normal.image, prepared.image.as_tensor()[0].numpy())
    np.testing.assert_array_equal(normal.breast, prepared.mask.as_tensor()[0].numpy() > 0.5)


def test_trimming_leaves_the_breast_s_box_and_lets_go_of_the_rest(a_sample):
    trimmed = a_sample.trimmed()
    np.testing.assert_array_equal(trimmed.image, a_sample.image[2:5, 1:6])
    np.testing.assert_array_equal(trimmed.lesions, a_sample.lesions[2:5, 1:6])
    assert trimmed.breast.all()
    assert trimmed.image.base is None


@pytest.mark.parametrize(("top", "left"), [(0, 0), (1, 2), (-2, 3), (4, -3), (-3, -3), (20, 0), (0, -20)])
def test_a_window_holds_what_lies_there_and_nothing_beyond(a_sample, top, left):
    window = a_sample.window(top, left, (5, 8))
    assert window.image.shape == window.breast.shape == (5, 8)
    padded, breast, lesions = (np.pad(a, 40) for a in (a_sample.image, a_sample.breast, a_sample.lesions))
    here = (slice(40 + top, 45 + top), slice(40 + left, 48 + left))
    np.testing.assert_array_equal(window.image, padded[here])
    np.testing.assert_array_equal(window.breast, breast[here])
    np.testing.assert_array_equal(window.lesions, lesions[here])


def test_a_window_is_a_copy(a_sample):
    before = a_sample.image.copy()
    a_sample.window(0, 0, (6, 7)).image[:] = 9
    np.testing.assert_array_equal(a_sample.image, before)


def test_mirroring_turns_rows_columns_or_both(a_sample):
    for rows, columns in ((False, False), (True, False), (False, True), (True, True)):
        mirrored = a_sample.mirrored(rows=rows, columns=columns)
        axes = [axis for axis, turned in enumerate((rows, columns)) if turned]
        np.testing.assert_array_equal(mirrored.image, np.flip(a_sample.image, axes))
        np.testing.assert_array_equal(mirrored.breast, np.flip(a_sample.breast, axes))
        np.testing.assert_array_equal(mirrored.lesions, np.flip(a_sample.lesions, axes))


def test_gamma_changes_greys_between_black_and_white_only(a_sample):
    gammas = []
    for seed in range(200):
        changed = a_sample.with_random_gamma(np.random.default_rng(seed))
        between = (a_sample.image > 0) & (a_sample.image < 1)
        gamma = np.log(changed.image[between]) / np.log(a_sample.image[between])
        np.testing.assert_allclose(gamma, gamma[0], rtol=1e-4)
        np.testing.assert_array_equal(changed.image[~between], a_sample.image[~between])
        assert changed.image.dtype == np.float32
        assert changed.breast is a_sample.breast
        assert changed.lesions is a_sample.lesions
        gammas.append(np.log(gamma[0]))
    assert np.mean(gammas) == pytest.approx(0, abs=0.03)
    assert np.std(gammas) == pytest.approx(0.12, rel=0.2)
