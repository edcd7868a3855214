from pathlib import Path

import numpy as np
import pytest

from mammolens.errors import DatasetError
from mammolens.evaluation.localisation import MARKS, Localisation, bin_keys, localise


@pytest.fixture
def a_map():
    """Two peaks, the higher one at (10, 10), on a plane that rises; the breast is the left three quarters."""
    down, right = np.mgrid[:64, :64].astype(np.float32)
    values = 0.001 * down
    values += 3 * np.exp(-((down - 10) ** 2 + (right - 10) ** 2) / 8)
    values += 2 * np.exp(-((down - 40) ** 2 + (right - 30) ** 2) / 8)
    return values, right < 48


def disc(row, column, radius, number=1):
    down, right = np.mgrid[:64, :64]
    return ((down - row) ** 2 + (right - column) ** 2 <= radius**2).astype(np.int32) * number


def test_bins_keep_the_order_of_values_and_tell_two_percent_apart():
    values = np.sort(np.random.default_rng(0).normal(0, 100, 5000)).astype(np.float32)
    keys = bin_keys(values)
    assert (np.diff(keys) >= 0).all()
    assert bin_keys(np.float32([-2.0]))[0] < bin_keys(np.float32([-1.0]))[0] < bin_keys(np.float32([0.0]))[0]
    assert bin_keys(np.float32([1.00]))[0] < bin_keys(np.float32([1.02]))[0]
    assert len(set(bin_keys(np.float32([0.0, -0.0, 1e-9, -1e-9])).tolist())) == 1


def test_the_highest_peak_comes_first_with_the_lesion_it_lies_on(a_map):
    values, breast = a_map
    found = localise(values, breast, breast, disc(40, 30, 5))
    assert [lesion for _, lesion in found.marks[:2]] == [-1, 0]
    assert found.marks[0][0] == pytest.approx(3.01, abs=0.01)
    assert not found.hit
    assert localise(values, breast, breast, disc(10, 10, 5)).hit


def test_peaks_outside_the_inner_breast_are_no_marks(a_map):
    values, breast = a_map
    inner = breast & (np.mgrid[:64, :64][0] > 20)
    found = localise(values, breast, inner, disc(40, 30, 5))
    assert found.hit
    assert len(found.marks) <= MARKS


def test_pixels_are_counted_inside_the_breast_only(a_map):
    values, breast = a_map
    lesion = disc(40, 46, 5)
    found = localise(values, breast, breast, lesion)
    assert sum(found.inside) == (lesion[breast] > 0).sum()
    assert sum(found.inside) + sum(found.outside) == breast.sum()


def test_a_map_that_is_negative_everywhere_has_peaks_too(a_map):
    values, breast = a_map
    found = localise(values - 10, breast, breast, disc(10, 10, 5))
    assert found.hit
    assert found.marks[0][0] == pytest.approx(-6.99, abs=0.01)


def test_a_normal_image_keeps_its_marks_and_no_pixels(a_map):
    values, breast = a_map
    found = localise(values, breast, breast, np.zeros((64, 64), np.int32))
    assert found.marks
    assert (found.lesions, found.located, found.bins) == (0, False, ())


def test_it_is_the_same_after_writing_and_reading(a_map):
    values, breast = a_map
    found = localise(values, breast, breast, disc(40, 30, 5))
    assert Localisation.from_text(found.to_text(), Path("scores.csv")) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lesions":1,"marks":[],"pixels":[[1],[],[]]}'])
def test_damaged_text_is_refused_by_the_files_name(text):
    with pytest.raises(DatasetError, match=r"scores\.csv: a localisation cannot be read .*; evaluate"):
        Localisation.from_text(text, Path("scores.csv"))
