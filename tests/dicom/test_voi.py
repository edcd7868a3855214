from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.voi import voi_of

VALUES = np.arange(-200, 5000, 3, dtype=np.float32).reshape(2, -1)
WINDOWS = [(2048.0, 4096.0), (1200.5, 333.0), (500.0, 2.0), (-50.0, 100.25), (3000.0, 1.5)]


def window(center: object, width: object, function: str | None = None) -> Dataset:
    dataset = Dataset()
    dataset.WindowCenter, dataset.WindowWidth = center, width
    if function:
        dataset.VOILUTFunction = function
    return dataset


def linear(x: float, c: float, w: float) -> float:
    """The pseudo-code of PS3.3 C.11.2.1.2.1 with y from 0 to 1."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5


def linear_exact(x: float, c: float, w: float) -> float:
    """The pseudo-code of PS3.3 C.11.2.1.3.2."""
    if x <= c - w / 2:
        return 0.0
    if x > c + w / 2:
        return 1.0
    return (x - c) / w + 0.5


def sigmoid(x: float, c: float, w: float) -> float:
    """The formula of PS3.3 C.11.2.1.3.1."""
    exponent = -4 * (x - c) / w
    return 0.0 if exponent > 700 else 1 / (1 + math.exp(exponent))


@pytest.mark.parametrize(("center", "width"), WINDOWS)
@pytest.mark.parametrize(
    ("function", "formula"),
    [(None, linear), ("LINEAR", linear), ("LINEAR_EXACT", linear_exact), ("SIGMOID", sigmoid), ("OTHER", linear)],
)
def test_a_window_follows_the_standard(center, width, function, formula):
    to_greys = voi_of(window(center, width, function))
    assert to_greys is not None
    greys = to_greys(VALUES)
    assert greys.dtype == np.float32
    assert 0 <= greys.min() <= greys.max() <= 1
    expected = np.vectorize(lambda value: formula(float(value), center, width))(VALUES)
    np.testing.assert_allclose(greys, expected, atol=2e-5)


def test_the_first_of_several_windows_is_used():
    several, first = voi_of(window(["100", "900"], ["50", "20"])), voi_of(window("100", "50"))
    assert several is not None
    assert first is not None
    np.testing.assert_array_equal(several(VALUES), first(VALUES))


def test_a_table_wins_over_a_window():
    dataset, item = window(10, 5), Dataset()
    item.LUTDescriptor, item.LUTData = [3, 100, 10], np.array([0, 1023, 1023], "<u2").tobytes()
    dataset.VOILUTSequence = [item]
    dataset.is_little_endian = True
    to_greys = voi_of(dataset)
    assert to_greys is not None
    np.testing.assert_allclose(to_greys(np.array([[99, 100, 101, 500]], np.float32)), [[0, 0, 1, 1]])


@pytest.mark.parametrize(
    "dataset",
    [
        Dataset(),
        window("", ""),
        window("100", None),
        window("100", "1"),
        window("100", "0", "LINEAR_EXACT"),
        window("100", "-5"),
    ],
    ids=["nothing", "empty", "no width", "one value wide", "exactly nothing wide", "negative"],
)
def test_without_a_usable_window_there_is_none(dataset):
    assert voi_of(dataset) is None


def test_a_window_leaves_its_input_as_it_is():
    for function in ("LINEAR", "SIGMOID"):
        values, to_greys = VALUES.copy(), voi_of(window(500, 100, function))
        assert to_greys is not None
        to_greys(values)
        np.testing.assert_array_equal(values, VALUES)
