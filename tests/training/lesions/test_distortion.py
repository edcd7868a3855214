from __future__ import annotations

import numpy as np
import pytest

from mammolens.training.lesions.distortion import draw_together

ALL = np.ones((120, 120), np.bool_)


def test_tissue_moves_towards_the_centre_and_far_away_stays():
    image = np.zeros((120, 120), np.float32)
    image[60, 66:68] = 1  # a speck right of the centre
    for seed in range(10):
        drawn, moved = draw_together(np.random.default_rng(seed), image, ALL, (60, 60), 8.0, 26)
        assert (drawn.shape, drawn.dtype) == ((53, 53), np.float32)
        weights = drawn[26] * np.arange(-26, 27)
        assert 1 < weights.sum() / drawn[26].sum() < 5.5
        assert moved[26, 26]
        assert np.sqrt(moved.sum() / np.pi) == pytest.approx(1.2 * 8, rel=0.03)
    noise = np.random.default_rng(0).random((120, 120), dtype=np.float32)
    drawn, _ = draw_together(np.random.default_rng(1), noise, ALL, (60, 60), 8.0, 45)
    np.testing.assert_allclose(drawn[:10], noise[15:25, 15:106], atol=1e-3)


def test_even_tissue_stays_even_also_beyond_the_image_s_border():
    even, all_breast = np.full((40, 40), 0.3, np.float32), np.ones((40, 40), np.bool_)
    drawn, moved = draw_together(np.random.default_rng(0), even, all_breast, (2, 38), 6.0, 20)
    np.testing.assert_allclose(drawn, 0.3, rtol=1e-6)
    assert moved.any()
