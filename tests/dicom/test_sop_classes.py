from __future__ import annotations

import pytest
from pydicom import uid

from mammolens.dicom.sop_classes import is_no_image, is_of_another_kind, sop_class_of


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


@pytest.mark.parametrize(
    ("sop_class", "without"),
    [
        (uid.MediaStorageDirectoryStorage, True),
        (uid.MammographyCADSRStorage, True),
        (uid.KeyObjectSelectionDocumentStorage, True),
        (uid.GrayscaleSoftcopyPresentationStateStorage, True),
        (uid.SegmentationStorage, True),
        (uid.EncapsulatedPDFStorage, True),
        (uid.DigitalMammographyXRayImageStorageForProcessing, False),
        (uid.BreastTomosynthesisImageStorage, False),
        (uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage, False),
        (uid.CTImageStorage, False),
        (uid.ExplicitVRLittleEndian, False),
        ("1.2.3.4", False),
        ("", False),
        (None, False),
    ],
)
def test_objects_without_an_image_are_known_by_their_class(sop_class, without):
    assert is_no_image(sop_class) is without
