import numpy as np
import pytest
from MammoLensLib.outlines import filled, thinned


def test_a_square_covers_the_pixels_whose_centres_are_inside() -> None:
    mask = filled([(1.5, 0.5), (4.5, 0.5), (4.5, 2.5), (1.5, 2.5)], (5, 7))
    assert np.argwhere(mask).tolist() == [[row, column] for row in (1, 2) for column in (2, 3, 4)]


def test_an_outline_that_leaves_the_image_is_cut_off() -> None:
    mask = filled([(-5, -5), (20, -5), (20, 1.5), (-5, 1.5)], (4, 6))
    assert mask.sum() == 12
    assert mask[:2].all()


def test_a_circle_has_a_circles_area() -> None:
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    mask = filled(np.column_stack([50 + 30 * np.cos(angles), 60 + 30 * np.sin(angles)]), (120, 100))
    assert mask.sum() == pytest.approx(np.pi * 30**2, rel=0.01)


def test_thinning_keeps_the_shape_and_the_order() -> None:
    angles = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    circle = np.column_stack([50 + 30 * np.cos(angles), 60 + 30 * np.sin(angles)])
    few = thinned(circle, 24)
    assert len(few) == 24
    assert np.all(np.diff(np.unwrap(np.arctan2(few[:, 1] - 60, few[:, 0] - 50))) > 0)
    assert np.allclose(np.linalg.norm(np.diff(few, axis=0), axis=1), 2 * np.pi * 30 / 24, rtol=0.05)


def test_a_short_outline_stays_as_it_is() -> None:
    assert thinned([(1, 1), (2, 1), (2, 2)]).tolist() == [[1, 1], [2, 1], [2, 2]]
