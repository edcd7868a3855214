import numpy as np
from MammoLensLib.markups import thinned


def test_thinning_keeps_the_shape_and_the_order() -> None:
    angles = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    circle = np.column_stack([50 + 30 * np.cos(angles), 60 + 30 * np.sin(angles)])
    few = thinned(circle, 24)
    assert len(few) == 24
    assert np.all(np.diff(np.unwrap(np.arctan2(few[:, 1] - 60, few[:, 0] - 50))) > 0)
    assert np.allclose(np.linalg.norm(np.diff(few, axis=0), axis=1), 2 * np.pi * 30 / 24, rtol=0.05)


def test_a_short_outline_stays_as_it_is() -> None:
    assert thinned([(1, 1), (2, 1), (2, 2)]).tolist() == [[1, 1], [2, 1], [2, 2]]
