from __future__ import annotations

from mammolens.dicom.derived.equipment import algorithm, series_description, short
from mammolens.dicom.derived.kinds import DerivedKind


def test_a_series_name_fits_a_long_string_and_says_research():
    for kind in DerivedKind:
        assert len(series_description(kind)) <= 64
        assert series_description(kind).endswith(", research use only")


def test_the_end_of_a_long_id_is_kept():
    assert short("a" * 64) == "a" * 64
    assert short("a" * 64 + "0123456789ab") == "..." + "a" * 49 + "0123456789ab"


def test_the_algorithm_is_named_with_model_and_calibration(write_dicom, values_of, result_of):
    item = algorithm(result_of(write_dicom(values_of())).record)[0]
    assert (item.AlgorithmName, item.AlgorithmVersion) == ("MammoLens", "made-0123456789ab")
    assert "calibration=cal-0123456789ab" in item.AlgorithmParameters
