from __future__ import annotations

import numpy as np
import pytest
from skimage.color import lab2rgb

from mammolens.dicom.derived.levels import LEVEL_COLOURS, cielab_of, colours_of, level_colours


def test_three_levels_have_the_colours_themselves():
    assert colours_of(3) == LEVEL_COLOURS


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_any_number_of_levels_has_as_many_colours_that_get_darker(count):
    colours = colours_of(count)
    assert len(set(colours)) == count
    assert colours[0] == LEVEL_COLOURS[0]
    lightness = np.array(colours) @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) < 0).all()


def test_a_place_between_two_levels_has_a_colour_between_theirs():
    low, middle = np.array(LEVEL_COLOURS[0]), np.array(LEVEL_COLOURS[1])
    np.testing.assert_allclose(level_colours(np.float32(0.25)), (low + middle) / 2, atol=0.01)


@pytest.mark.parametrize("colour", [*LEVEL_COLOURS, (0, 0, 0), (255, 255, 255), (0, 0, 255)])
def test_a_colour_survives_cielab(colour):
    np.testing.assert_allclose(lab2rgb(np.array(cielab_of(colour))) * 255, colour, atol=0.5)
