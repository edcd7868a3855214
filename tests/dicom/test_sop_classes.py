from __future__ import annotations

import pytest
from pydicom import uid

from mammolens.dicom.sop_classes import is_of_another_kind, sop_class_of


def test_the_class_is_that_of_the_data_set_else_of_the_file(dataset_of, values_of):
    dataset = dataset_of(values_of())
    dataset.file_meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    assert sop_class_of(dataset) == uid.DigitalMammographyXRayImageStorageForPresentation
    del dataset.SOPClassUID
    assert sop_class_of(dataset) == uid.DigitalXRayImageStorageForPresentation
    del dataset.file_meta.MediaStorageSOPClassUID
    assert sop_class_of(dataset) is None


@pytest.mark.parametrize(
    ("sop_class", "other"),
    [
        (uid.DigitalMammographyXRayImageStorageForPresentation, False),
        (uid.BreastTomosynthesisImageStorage, False),
        (uid.SecondaryCaptureImageStorage, False),
        ("1.2.3.4", False),
        (None, False),
        (uid.MRImageStorage, True),
        (uid.XRayAngiographicImageStorage, True),
    ],
)
def test_a_standard_class_that_is_no_mammogram_s_is_of_another_kind(sop_class, other):
    assert is_of_another_kind(sop_class) is other
