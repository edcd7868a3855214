"""A picture of image, overlay and words as Secondary Capture (PS3.3 A.8.1), for viewers that show nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian

from mammolens import RESEARCH_USE_ONLY
from mammolens.dicom.derived.equipment import algorithm, identification
from mammolens.dicom.derived.finalising import finalised_image
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.source import Source
from mammolens.dicom.derived.standard_codes import DCM
from mammolens.types import AnomalyResult


def secondary_capture_of(result: AnomalyResult, source: Source, picture: NDArray[np.uint8]) -> Dataset:
    """The Secondary Capture of a picture.

    The picture may be larger or smaller than the image, with words below: it has no pixel spacing, and nothing is to
    be measured in it.

    Args:
        result: of the image.
        source: its header.
        picture: ``(rows, cols, 3)`` uint8.

    Raises:
        ValueError: a picture of another shape or type.
    """
    from highdicom import CoordinateSystemNames, PhotometricInterpretationValues
    from highdicom.sc import ConversionTypeValues, SCImage

    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"a picture is (rows, cols, 3) uint8, not {picture.shape} {picture.dtype}")
    dataset = SCImage.from_ref_dataset(
        ref_dataset=source.dataset,
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation=PhotometricInterpretationValues.RGB,
        bits_allocated=8,
        coordinate_system=CoordinateSystemNames.PATIENT,
        patient_orientation=("A", "F"),  # highdicom knows no oblique ones, as of an MLO; set below
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **identification(DerivedKind.SECONDARY_CAPTURE, [source.dataset], result.record),
    )
    dataset.copy_patient_and_study_information(source.dataset)  # highdicom takes over Type 1 and 2 only for this IOD
    dataset.ConversionType = ConversionTypeValues.WSD.value
    # Type 2C (PS3.3 C.7.6.1): empty where it is not known.
    dataset.PatientOrientation = list(result.header.patient_orientation or ())
    _describe(dataset, result, source)
    dataset.Laterality = source.header.laterality or ""  # General Series, Type 2C (PS3.3 C.7.3.1)
    return finalised_image(dataset, source)


def _describe(dataset: Dataset, result: AnomalyResult, source: Source) -> None:
    """Of what it is a picture (PS3.3 C.12.4), that words are burned in (C.7.6.1), and who drew it (C.12.1)."""
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.BurnedInAnnotation = "YES"
    dataset.DerivationDescription = f"Image with anomaly map and words. {RESEARCH_USE_ONLY}"
    reference = Dataset()
    reference.ReferencedSOPClassUID = source.dataset.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.dataset.SOPInstanceUID
    reference.PurposeOfReferenceCodeSequence = _coded(DCM.SourceImageForImageProcessingOperation)
    dataset.SourceImageSequence = DicomSequence([reference])
    equipment = algorithm(result.record)[0]
    dataset.ContributingEquipmentSequence = DicomSequence([_contribution(dataset, equipment)])


def _contribution(dataset: Dataset, equipment: Dataset) -> Dataset:
    contribution = Dataset()
    contribution.PurposeOfReferenceCodeSequence = _coded(DCM.ProcessingEquipment)
    contribution.Manufacturer = dataset.Manufacturer
    contribution.ManufacturerModelName = dataset.ManufacturerModelName
    contribution.SoftwareVersions = dataset.SoftwareVersions
    contribution.DeviceSerialNumber = dataset.DeviceSerialNumber
    contribution.ContributionDescription = equipment.AlgorithmParameters
    return contribution


def _coded(code: Code) -> DicomSequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return DicomSequence([item])
