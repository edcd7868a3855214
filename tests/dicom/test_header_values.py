from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.header_values import number_of, numbers_of


@pytest.mark.parametrize(
    ("stated", "numbers"),
    [(["0.07", "0.08"], (0.07, 0.08)), ("0.07", (0.07,)), (0.07, (0.07,)), (None, ()), ("", ())],
)
def test_numbers_are_read_however_many_there_are(stated, numbers):
    dataset = Dataset()
    dataset.ImagerPixelSpacing = stated
    assert numbers_of(dataset, "ImagerPixelSpacing") == numbers
    assert number_of(dataset, "ImagerPixelSpacing") == (numbers[0] if numbers else None)


def test_a_missing_attribute_has_no_numbers():
    assert numbers_of(Dataset(), "ImagerPixelSpacing") == ()
    assert number_of(Dataset(), "Rows") is None


def test_text_is_no_number():
    dataset = Dataset()
    dataset.add_new("PatientID", "LO", "seven")
    with pytest.raises(ValueError, match="seven"):
        number_of(dataset, "PatientID")
