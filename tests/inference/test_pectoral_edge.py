from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mammolens.inference.pectoral_edge import find_pectoral_edge

HEIGHT, WIDTH = 200.0, 120.0  # mm
TOP, WALL = 50.0, 130.0  # mm: where the muscle ends at the top and at the chest wall
PIXELS = pytest.mark.parametrize("pixel_size", [(1.0, 1.0), (0.5, 1.0), (1.2, 0.6)], ids=["square", "flat", "tall"])


def a_breast(pixel_size: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Breast, muscle, and texture as strong as a breast's, on a grid of these pixels."""
    row = ((np.arange(round(HEIGHT / pixel_size[0])) + 0.5) * pixel_size[0])[:, None]
    column = ((np.arange(round(WIDTH / pixel_size[1])) + 0.5) * pixel_size[1])[None]
    breast = ((row - 110) / 130) ** 2 + (column / 115) ** 2 < 1
    muscle = column / TOP + row / WALL < 1
    noise = np.random.default_rng(0).standard_normal(breast.shape)
    smooth = ndimage.gaussian_filter(noise, [2 / pixel for pixel in pixel_size])
    return breast, muscle & breast, 0.06 * smooth / smooth.std()


@PIXELS
@pytest.mark.parametrize("contrast", [0.15, 0.4])
def test_the_edge_of_a_bright_triangle_is_its_longest_side(pixel_size, contrast):
    breast, muscle, texture = a_breast(pixel_size)
    greys = np.clip((0.3 + contrast * muscle + texture) * breast, 0, 1).astype(np.float32)
    edge = find_pectoral_edge(greys, breast, pixel_size)
    assert edge is not None
    assert edge.upper[0] == edge.lower[1] == -0.5
    assert (edge.upper[1] + 0.5) * pixel_size[1] == pytest.approx(TOP, abs=4)
    assert (edge.lower[0] + 0.5) * pixel_size[0] == pytest.approx(WALL, abs=8)


@PIXELS
def test_where_the_breast_lies_in_the_image_makes_no_difference(pixel_size):
    breast, muscle, texture = a_breast(pixel_size)
    greys = np.clip((0.3 + 0.3 * muscle + texture) * breast, 0, 1).astype(np.float32)
    edge = find_pectoral_edge(greys, breast, pixel_size)
    moved = find_pectoral_edge(np.pad(greys, ((9, 3), (5, 2))), np.pad(breast, ((9, 3), (5, 2))), pixel_size)
    assert edge is not None
    assert moved is not None
    assert moved.score == pytest.approx(edge.score)
    assert np.subtract(moved.upper, edge.upper) == pytest.approx([9, 5])
    assert np.subtract(moved.lower, edge.lower) == pytest.approx([9, 5])


@PIXELS
def test_without_a_muscle_there_is_no_edge(pixel_size):
    breast, _, texture = a_breast(pixel_size)
    assert find_pectoral_edge(np.clip((0.3 + texture) * breast, 0, 1).astype(np.float32), breast, pixel_size) is None
    assert find_pectoral_edge((0.3 * breast).astype(np.float32), breast, pixel_size) is None


def test_a_dark_triangle_is_no_muscle():
    breast, muscle, texture = a_breast((1.0, 1.0))
    greys = np.clip((0.5 - 0.3 * muscle + texture) * breast, 0, 1).astype(np.float32)
    assert find_pectoral_edge(greys, breast, (1.0, 1.0)) is None


def test_a_very_bright_mass_does_not_outvote_a_faint_edge():
    breast, muscle, texture = a_breast((1.0, 1.0))
    rows, columns = np.indices(breast.shape)
    mass = np.hypot(rows - 60, columns - 75) < 9
    greys = np.clip((0.3 + 0.12 * muscle + 0.6 * mass + texture) * breast, 0, 1).astype(np.float32)
    edge = find_pectoral_edge(greys, breast, (1.0, 1.0))
    assert edge is not None
    assert edge.upper[1] + 0.5 == pytest.approx(TOP, abs=4)


def test_a_breast_of_a_few_pixels_has_no_edge():
    assert find_pectoral_edge(np.ones((3, 2), np.float32), np.ones((3, 2), dtype=bool), (1.0, 1.0)) is None
