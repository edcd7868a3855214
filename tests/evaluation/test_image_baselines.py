import numpy as np
import pytest
from scipy import ndimage

from mammolens.evaluation.evaluation_grid import EvaluationGrid
from mammolens.evaluation.image_baselines import BLOB, IMAGE_BASELINES, INTENSITY, blob_map, intensity_map


@pytest.fixture
def a_grid():
    """A half-disc of a breast that brightens downwards, with a bright blob of sigma 10 at (200, 100)."""
    down, right = np.mgrid[:512, :400].astype(np.float32)
    breast = (down - 256) ** 2 + right**2 < 220**2
    pixels = breast * (0.2 + 0.0008 * down + 0.2 * np.exp(-((down - 200) ** 2 + (right - 100) ** 2) / 200))
    inner = ndimage.binary_erosion(breast, iterations=8)
    return EvaluationGrid(pixels.astype(np.float32), breast, inner, np.zeros(breast.shape, np.int32))


def test_the_blob_map_is_highest_on_the_blob_and_not_at_the_border(a_grid):
    values = blob_map(a_grid)
    at = np.unravel_index(np.where(a_grid.inner, values, -1).argmax(), values.shape)
    assert np.hypot(at[0] - 200, at[1] - 100) < 4
    assert values.shape == a_grid.pixels.shape
    assert not values[~a_grid.breast].any()


def test_intensity_rises_with_the_grey_and_does_not_fade_at_the_skin(a_grid):
    values = intensity_map(a_grid)
    skin = a_grid.breast & ~a_grid.inner
    rows = np.nonzero(skin)[0]
    assert np.corrcoef(values[skin], rows)[0, 1] > 0.95
    assert 0 <= values.min() <= values.max() <= 1


def test_scores_are_the_mean_grey_and_the_strongest_blob(a_grid):
    scores = {name: score(a_grid, make(a_grid)) for name, (make, score) in IMAGE_BASELINES.items()}
    assert scores[INTENSITY] == pytest.approx(a_grid.pixels[a_grid.breast].mean(), rel=1e-4)
    plain = EvaluationGrid(ndimage.gaussian_filter(a_grid.pixels, 30), a_grid.breast, a_grid.inner, a_grid.lesions)
    assert scores[BLOB] > 2 * IMAGE_BASELINES[BLOB][1](plain, blob_map(plain))


def test_maps_do_not_depend_on_contrast_and_brightness(a_grid):
    darker = EvaluationGrid(0.5 * a_grid.pixels + 0.1 * a_grid.breast, a_grid.breast, a_grid.inner, a_grid.lesions)
    assert np.allclose(blob_map(darker), blob_map(a_grid), atol=1e-4)
