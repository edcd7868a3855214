from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.collection_quirks import attributes_of_collection, is_part_of_collection
from mammolens.types import ImageAttributes


def a_patient(name: str) -> Dataset:
    dataset = Dataset()
    dataset.PatientID = name
    return dataset


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("Mass-Test_P_00173_LEFT_MLO", ("Mass-Test_P_00173", "Mass-Test_P_00173", "L", "MLO", None)),
        ("Calc-Training_P_01883_RIGHT_CC", ("Calc-Training_P_01883", "Calc-Training_P_01883", "R", "CC", None)),
    ],
)
def test_a_cbis_ddsm_patient_id_tells_woman_side_and_view(name, attributes):
    known = attributes_of_collection(a_patient(name))
    assert (known.patient_id, known.exam_id, known.laterality, known.view, known.machine_id) == attributes
    assert not is_part_of_collection(a_patient(name))


@pytest.mark.parametrize("name", ["", "P_00173", "Mass-Test_P_00173", "Mass-Test_P_00173_LEFT_MLO_extra", "10011"])
def test_any_other_patient_id_tells_nothing(name):
    assert attributes_of_collection(a_patient(name)) == ImageAttributes()
    assert not is_part_of_collection(a_patient(name))


def test_a_cbis_ddsm_crop_is_no_mammogram():
    assert is_part_of_collection(a_patient("Mass-Training_P_00001_LEFT_CC_1"))
