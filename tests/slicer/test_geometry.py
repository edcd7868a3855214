"""Grids and the planes of slice views, in numbers."""

import numpy as np
import pytest
from MammoLensLib.geometry import Grid, distance, slice_to_ras

PLACED = np.array([[-0.5, 0, 0, 12], [0, -0.7, 0, -3], [0, 0, 1, 5], [0, 0, 0, 1]], dtype=float)
GRID = Grid((60, 80, 1), PLACED)


def test_places_and_ras_lead_back_to_each_other() -> None:
    places = np.array([(0.0, 0.0), (59.0, 79.0), (12.5, 3.25)])
    assert GRID.ras(places)[1] == pytest.approx([12 - 29.5, -3 - 55.3, 5])
    assert GRID.pixels(GRID.ras(places)) == pytest.approx(places)
    beside = GRID.ras(places) + np.array([0, 0, 4])
    assert GRID.pixels(beside) == pytest.approx(places)


def test_the_extent_is_that_of_whole_pixels() -> None:
    assert GRID.extent == pytest.approx((30, 56))


@pytest.mark.parametrize("factor", [2, 4, 5])
def test_a_coarser_grid_over_the_same_place_is_not_apart(factor: int) -> None:
    scale = np.diag([factor, factor, 1, 1]).astype(float)
    scale[:2, 3] = (factor - 1) / 2
    assert distance(GRID, Grid((60 // factor, 80 // factor, 1), PLACED @ scale)) == pytest.approx(0, abs=1e-9)
    scale[:2, 3] = 0  # the origin forgotten, as happens
    assert distance(GRID, Grid((60 // factor, 80 // factor, 1), PLACED @ scale)) > 0.5


def test_distance_is_told_in_pixels_of_the_image() -> None:
    moved = PLACED.copy()
    moved[0, 3] += 1.0
    assert distance(GRID, Grid((60, 80, 1), moved)) == pytest.approx(2)
    assert distance(GRID, Grid((60, 80, 2), PLACED)) == np.inf


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("upside_down", [True, False])
def test_the_axes_of_a_view_are_those_of_the_image_and_right_handed(mirrored: bool, upside_down: bool) -> None:
    axes = slice_to_ras(PLACED, np.array([1.0, 2.0, 3.0]), mirrored, upside_down)
    assert axes[:3, 0] == pytest.approx([1 if mirrored else -1, 0, 0])
    assert axes[:3, 1] == pytest.approx([0, -1 if upside_down else 1, 0])
    assert np.linalg.det(axes) == pytest.approx(1)
    assert axes[:3, 3] == pytest.approx([1, 2, 3])
