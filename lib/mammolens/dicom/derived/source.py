"""What a derived object takes over from its source image."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, SecondaryCaptureImageStorage

from mammolens.dicom.derived.identity import derived_uid
from mammolens.dicom.derived.picture_image import picture_header
from mammolens.dicom.header_values import date_of
from mammolens.dicom.opening import FileKind, damage_named, file_kind, open_dicom
from mammolens.dicom.reader import sop_instance_uid_of
from mammolens.enums import QualityFlag
from mammolens.errors import InputError
from mammolens.types import ImageHeader

# Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1), Type 2: there, but perhaps empty.
_TYPE_2 = (
    "AccessionNumber",
    "PatientBirthDate",
    "PatientID",
    "PatientName",
    "PatientSex",
    "ReferringPhysicianName",
    "StudyDate",
    "StudyID",
    "StudyTime",
)
_DATES = ("PatientBirthDate", "StudyDate")
_SHAPES = {  # of values that other software refuses when they are malformed (PS3.5 6.2)
    "StudyTime": r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?",
    "PatientSex": r"[FMO]",
}
_OF_LOSSY_COMPRESSION = ("LossyImageCompressionRatio", "LossyImageCompressionMethod")
_NO_FRAME_OF_REFERENCE = (  # a projection has no place in space, whatever a header says
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "NumberOfFrames",
)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A source image's header, completed so that it can be referenced.

    Attributes:
        header: as it was read.
        dataset: the DICOM header without pixels, with each Type 1 and Type 2 attribute of the patient's and the
            study's modules. UIDs that the file lacks are derived from its content and its exam. Its class is always
            Digital Mammography: highdicom supports no private class and requires a position in space for some
            others. References get the true class at the end (finalising.py).
    """

    header: ImageHeader
    dataset: Dataset

    @property
    def sop_class_uid(self) -> str:
        """The source's own class; Secondary Capture where it states none."""
        return self.header.sop_class_uid or SecondaryCaptureImageStorage


def source_of(header: ImageHeader) -> Source:
    """Read the source image of a result once more, for what its header says of patient and study.

    Raises:
        InputError: the source is not a DICOM file, or cannot be read any more.
    """
    path = header.path
    if file_kind(path) is not FileKind.DICOM:
        reason = "is not a DICOM file, so a DICOM object of its result has nothing to refer to"
        raise InputError(path, reason, "give the DICOM image, or leave out the results as DICOM")
    if QualityFlag.SUBSTITUTE_UID in header.flags:
        reason = "shares its SOP Instance UID with a different image, so a DICOM object cannot refer to it alone"
        raise InputError(path, reason, "give each image its own UID, or leave out the results as DICOM")
    with damage_named(path):
        stored = open_dicom(path, with_pixels=False)
        if sop_instance_uid_of(stored, path) != header.sop_instance_uid:
            raise InputError(path, "has been replaced by another image since it was analysed", "analyse it again")
        return Source(header, _completed(stored, header))


def source_of_picture(header: ImageHeader) -> Source:
    """The source of a PNG, JPEG or PGM, which viewers get as the DICOM image of :mod:`picture_image`.

    Raises:
        InputError: the picture cannot be read any more.
    """
    return Source(header, _completed(picture_header(header), header))


def _completed(stored: Dataset, header: ImageHeader) -> Dataset:
    dataset = deepcopy(stored)
    for keyword in _NO_FRAME_OF_REFERENCE:
        if keyword in dataset:
            delattr(dataset, keyword)
    for keyword in _TYPE_2:
        if not _is_well_formed(keyword, str(dataset.get(keyword) or "").strip()):
            setattr(dataset, keyword, "")
    dataset.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    dataset.SOPInstanceUID = header.sop_instance_uid
    study = header.study_instance_uid or derived_uid("study", header.patient_id, header.exam_id)
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = (
        header.series_instance_uid or dataset.get("SeriesInstanceUID") or derived_uid("source series", study)
    )
    dataset.Modality = dataset.get("Modality") or "MG"
    if "LossyImageCompression" in dataset and not all(dataset.get(keyword) for keyword in _OF_LOSSY_COMPRESSION):
        del dataset.LossyImageCompression  # which highdicom takes with both, or not at all
    return dataset


def _is_well_formed(keyword: str, value: str) -> bool:
    if keyword in _DATES:
        return date_of(value) is not None
    return bool(value and re.fullmatch(_SHAPES.get(keyword, ".*"), value))
