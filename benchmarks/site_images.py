"""Pictures of a public set as the DICOM files that a mammography unit would send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import Dataset, FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from mammolens.datasets.base import Case
from mammolens.dicom.reader import read_mammogram
from mammolens.types import ImageAttributes, Mammogram

_HEIGHT_MM = 240.0  # these images do not tell their pixel spacing: the height that the models assume


def write_exam(cases: Sequence[Case], folder: Path) -> Iterator[Case]:
    """Write each case as ``folder/patient/NAME.dcm`` where it is not there yet; the same cases with the new files."""
    for case in cases:
        path = folder / case.patient_id / f"{case.path.stem}.dcm"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".part")
            _dataset(read_mammogram(case.path, case.attributes)).save_as(temporary, write_like_original=False)
            temporary.rename(path)
        yield replace(case, path=path, attributes=ImageAttributes())


def _dataset(mammogram: Mammogram) -> FileDataset:
    """Digital Mammography X-Ray Image, For Presentation (PS3.3 A.27), with what these pictures can tell."""
    header, (rows, columns) = mammogram.header, mammogram.pixels.shape
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["image", header.path.name])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", *header.exam_key])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", header.path.name])
    dataset.PatientID = dataset.PatientName = header.patient_id
    dataset.StudyID, dataset.StudyDate, dataset.Modality = header.exam_id, "20260101", "MG"
    dataset.Manufacturer, dataset.ManufacturerModelName = "RSNA", f"machine {header.acquisition_group}"
    dataset.SoftwareVersions = "1"
    dataset.ImageLaterality, dataset.ViewPosition = str(header.laterality), str(header.view)
    dataset.ImageType, dataset.PresentationIntentType = ["DERIVED", "PRIMARY", ""], "FOR PRESENTATION"
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "01"
    height = _HEIGHT_MM / rows
    dataset.ImagerPixelSpacing = [f"{height:.6f}", f"{height / header.pixel_aspect_ratio:.6f}"]
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation, dataset.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.WindowCenter, dataset.WindowWidth = "128", "256"
    pixels = np.rint(mammogram.pixels * 255).astype(np.uint8).tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    return dataset
