from __future__ import annotations

import numpy as np

from mammolens.training.lesions.patch import offsets


def test_offsets_are_rows_down_and_columns_right_of_the_middle():
    down, right = offsets(3)
    assert down.shape == right.shape == (7, 7)
    assert (down[3, 3], right[3, 3]) == (0, 0)
    assert (down[5, 1], right[5, 1]) == (2, -2)
    np.testing.assert_array_equal(down, right.T)
