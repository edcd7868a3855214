from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.derived.display_pipeline import with_display_of, without_display


def header(**attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def table(first: int, *entries: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first % 2**16, 12])
    item.add_new("LUTData", "US", list(entries))
    return item


def test_the_first_window_is_taken_over_with_its_function():
    source = header(WindowCenter=["100", "7"], WindowWidth=["50", "7"], VOILUTFunction="SIGMOID")
    (voi,) = with_display_of(Dataset(), source).SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.VOILUTFunction) == (100, 50, "SIGMOID")


def test_a_voi_lut_comes_before_a_window():
    source = header(WindowCenter="100", WindowWidth="50", VOILUTSequence=[table(5, 0, 2000, 4095)])
    (voi,) = with_display_of(Dataset(), source).SoftcopyVOILUTSequence
    assert "WindowCenter" not in voi
    (lut,) = voi.VOILUTSequence
    assert lut.LUTDescriptor == [3, 5, 12]
    assert np.frombuffer(lut.LUTData, "<u2").tolist() == [0, 2000, 4095]


@pytest.mark.parametrize("width", [None, "0"])
def test_a_window_that_cannot_be_used_is_left_out(width):
    state = with_display_of(Dataset(), header(WindowCenter="100", WindowWidth=width))
    assert "SoftcopyVOILUTSequence" not in state


def test_a_slope_without_an_intercept_has_one_of_zero():
    state = with_display_of(Dataset(), header(RescaleSlope="0.3333333333333333"[:16]))
    assert (state.RescaleIntercept, state.RescaleType) == (0, "US")
    assert float(state.RescaleSlope) == pytest.approx(1 / 3)


def test_a_modality_lut_is_taken_over_in_place_of_a_slope():
    source = header(RescaleSlope="1", PixelRepresentation=1, ModalityLUTSequence=[table(-2, 1, 2, 3, 4)])
    state = with_display_of(Dataset(), source)
    assert "RescaleSlope" not in state
    assert state.ModalityLUTSequence[0].LUTDescriptor == [4, -2, 12]


@pytest.mark.parametrize(("interpretation", "shape"), [("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "IDENTITY")])
def test_monochrome1_is_inverted(interpretation, shape):
    assert with_display_of(Dataset(), header(PhotometricInterpretation=interpretation)).PresentationLUTShape == shape


def test_the_source_keeps_what_the_copy_lacks():
    source = header(WindowCenter="1", WindowWidth="2")
    assert "WindowCenter" not in without_display(source)
    assert source.WindowCenter == 1
