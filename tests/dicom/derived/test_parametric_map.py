from __future__ import annotations

import numpy as np
import pydicom
import pytest

from mammolens.dicom.derived.derive import derive_from_image, write_derived
from mammolens.dicom.derived.kinds import DerivedKind

PARAMETRIC_MAP = DerivedKind.PARAMETRIC_MAP


@pytest.fixture
def heat() -> np.ndarray:
    values = np.random.default_rng(0).gamma(1.0, 1e-3, (80, 72)).astype(np.float32)
    values[:5] = 0
    values[40, 30] = 7.25
    return values


@pytest.fixture
def written(write_dicom, values_of, heat, result_of, tmp_path):
    path = write_dicom(values_of(), ImagerPixelSpacing=["0.2", "0.1"], ImagePositionPatient=["1", "2", "3"])
    result = result_of(path, heat)
    write_derived(derive_from_image(result, PARAMETRIC_MAP), tmp_path / "map.dcm")
    return result, pydicom.dcmread(tmp_path / "map.dcm")


def test_each_value_comes_back_as_it_was(written, heat):
    values = written[1].pixel_array
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, heat)


def test_the_values_are_real_world_values_without_a_unit(written):
    mapping = written[1].SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    assert mapping.DoubleFloatRealWorldValueFirstValueMapped == 0
    assert mapping.DoubleFloatRealWorldValueLastValueMapped == 7.25
    assert mapping.QuantityDefinitionSequence


def test_it_lies_where_itk_places_the_image(written):
    result, dataset = written
    shared = dataset.SharedFunctionalGroupsSequence[0]
    place = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.2, 0.1]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert tuple(place) == result.header.geometry.origin == (1.0, 2.0, 3.0)


def test_a_turned_image_has_a_turned_map(write_dicom, values_of, heat, result_of):
    turned = ["0.8", "0.6", "0", "0", "0", "-1"]
    dataset = derive_from_image(
        result_of(write_dicom(values_of(), ImageOrientationPatient=turned), heat), PARAMETRIC_MAP
    )
    axes = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient
    np.testing.assert_allclose([float(value) for value in axes], [0.8, 0.6, 0, 0, 0, -1], atol=1e-9)


def test_the_window_shows_the_levels(written):
    window = written[1].SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0]
    assert (float(window.WindowCenter), float(window.WindowWidth)) == (2.25, 4.5)
    assert window.VOILUTFunction == "LINEAR_EXACT"


def test_levels_as_small_as_a_float_can_be_are_no_trouble(write_dicom, values_of, heat, result_of, tmp_path):
    tiny = float(np.finfo(np.float32).tiny)
    result = result_of(write_dicom(values_of()), heat, levels={"heat": tiny})
    write_derived(derive_from_image(result, PARAMETRIC_MAP), tmp_path / "map.dcm")
    window = pydicom.dcmread(tmp_path / "map.dcm").SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0]
    assert float(window.WindowWidth) == pytest.approx(1.5 * tiny)


def test_it_is_marked_as_research(written):
    assert written[1].ContentQualification == "RESEARCH"
