"""A PNG, JPEG or PGM as a DICOM image, made in memory for viewers that open nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from mammolens import RESEARCH_USE_ONLY
from mammolens.dicom.derived.identity import derived_uid
from mammolens.dicom.reader import read_shape
from mammolens.types import ImageHeader, Mammogram

_BITS_STORED = 12  # keeps the 256 grey levels of most pictures apart; usual for mammograms
_JPEG_HEAD = b"\xff\xd8\xff"


def picture_header(header: ImageHeader) -> Dataset:
    """The attributes of a picture as Secondary Capture (PS3.3 A.8.1), without pixels.

    UIDs follow from the picture's content and its exam, so that the same picture is always the same image. It has no
    pixel spacing: nothing can be measured in it.

    Args:
        header: of the picture.

    Raises:
        InputError: the picture cannot be read.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = header.sop_instance_uid
    dataset.StudyInstanceUID = header.study_instance_uid or derived_uid("study", header.patient_id, header.exam_id)
    dataset.SeriesInstanceUID = derived_uid("picture series", header.sop_instance_uid)
    dataset.Modality = "MG"
    dataset.ConversionType = "WSD"  # workstation
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.DerivationDescription = f"Made from a picture without DICOM header. {RESEARCH_USE_ONLY}"
    dataset.PatientID = header.patient_id
    for keyword in (
        "AccessionNumber", "PatientBirthDate", "PatientName", "PatientOrientation", "PatientSex",
        "ReferringPhysicianName", "StudyDate", "StudyID", "StudyTime", "SeriesNumber",
    ):  # fmt: skip
        setattr(dataset, keyword, None)  # Type 2: there, but empty
    dataset.InstanceNumber = 1
    dataset.ImageLaterality = header.laterality or ""
    dataset.ViewPosition = header.view or ""
    dataset.Rows, dataset.Columns = read_shape(header.path)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, _BITS_STORED, _BITS_STORED - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (_BITS_STORED - 1), 2**_BITS_STORED
    _describe_compression(dataset, header.path)
    return dataset


def picture_as_dicom(mammogram: Mammogram) -> bytes:
    """A picture as a DICOM file (PS3.10), explicit VR little endian.

    Args:
        mammogram: read from a PNG, JPEG or PGM.

    Raises:
        InputError: the picture cannot be read any more.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = UID(mammogram.header.sop_instance_uid)
    dataset = FileDataset("", picture_header(mammogram.header), file_meta=meta, preamble=b"\0" * 128)
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    greys = np.round(mammogram.pixels * (2**_BITS_STORED - 1)).astype("<u2")
    dataset.PixelData = greys.tobytes()
    content = io.BytesIO()
    dataset.save_as(content, write_like_original=False)
    return content.getvalue()


def _describe_compression(dataset: Dataset, path: Path) -> None:
    """State that a JPEG was compressed with loss (PS3.3 C.7.6.1.1.5)."""
    with path.open("rb") as file:
        if file.read(len(_JPEG_HEAD)) != _JPEG_HEAD:
            return
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    dataset.LossyImageCompressionRatio = round(dataset.Rows * dataset.Columns / path.stat().st_size, 2)
