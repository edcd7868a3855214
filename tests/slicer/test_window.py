"""Grey levels, in the volume's display node."""

import numpy as np
import pytest
from MammoLensLib.reader import Header
from MammoLensLib.volumes import INVERTED, air_is_bright, pixels_of, set_window

from .conftest import Core, WritePhantom, load


def test_the_headers_window_is_set(a_core: Core, write_phantom: WritePhantom) -> None:
    volume = load(a_core, write_phantom(), "image")
    set_window(volume, Header(window=(100.0, 900.0)))
    display = volume.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (100, 900)
    assert not display.GetAutoWindowLevel()


def test_without_one_the_breast_decides_and_not_the_air(a_core: Core, write_phantom: WritePhantom) -> None:
    volume = load(a_core, write_phantom(), "image")
    pixels = pixels_of(volume)
    set_window(volume, Header())
    display, tissue = volume.GetDisplayNode(), pixels[pixels > pixels.max() * 0.1]
    assert display.GetWindowLevelMin() == pytest.approx(np.percentile(tissue, 2), rel=0.3)
    assert display.GetWindowLevelMax() == pytest.approx(np.percentile(tissue, 99.8), rel=0.05)


@pytest.mark.parametrize("window", [None, (100.0, 900.0)])
def test_monochrome1_that_its_reader_left_alone_is_turned_round(
    a_core: Core, write_phantom: WritePhantom, window: tuple[float, float] | None
) -> None:
    volume = load(a_core, write_phantom(), "image")
    pixels = pixels_of(volume)
    pixels[:] = 4095 - pixels  # as DCMTK reads it
    volume.GetImageData().Modified()
    assert air_is_bright(pixels)
    set_window(volume, Header(is_monochrome1=True, window=window))
    display = volume.GetDisplayNode()
    assert display.GetColorNodeID() == INVERTED
    assert display.GetWindowLevelMin() < np.percentile(pixels[pixels < 3700], 50) < display.GetWindowLevelMax()
    assert display.GetWindowLevelMax() < 4095, "air is not wholly dark"


def test_bright_tissue_is_not_taken_for_air_in_monochrome2(a_core: Core, write_phantom: WritePhantom) -> None:
    volume = load(a_core, write_phantom(), "image")
    pixels_of(volume)[:] = 4000
    pixels_of(volume)[:9] = 0
    set_window(volume, Header())
    assert volume.GetDisplayNode().GetColorNodeID() != INVERTED
