"""Write phantom examinations as real DICOM: Digital Mammography X-Ray Image, For Presentation (PS3.3 A.27)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

from mammolens.datasets.phantom import PhantomExam, PhantomView
from mammolens.datasets.phantom_header import PHOTOMETRIC_INTERPRETATIONS, describe, identify
from mammolens.errors import DatasetError
from mammolens.types import AnyPath

TRANSFER_SYNTAXES = (ExplicitVRLittleEndian, RLELossless)
_BITS_STORED = range(10, 17)


def write_phantom_exam(
    exam: PhantomExam,
    folder: AnyPath,
    *,
    photometric: str = "MONOCHROME2",
    spacing: tuple[float, float] | None = None,
    one_series: bool = False,
    transfer_syntax: str = ExplicitVRLittleEndian,
    bits_stored: int = 12,
) -> list[Path]:
    """Write each view as ``<laterality>_<view>.dcm``; the same arguments give the same UIDs.

    Args:
        exam: of :func:`mammolens.datasets.phantom.make_phantom_exam`.
        folder: created if missing; files in it that have these names are replaced.
        photometric: MONOCHROME1 stores inverted values (PS3.3 C.7.6.3.1.2).
        spacing: Imager Pixel Spacing in mm, between rows and between columns, if different from the exam's own.
        one_series: all views in one series instead of a series each; both occur in practice.
        transfer_syntax: explicit VR little endian or RLE lossless.
        bits_stored: 10 to 16 of 16 allocated.

    Returns:
        The files, in the order of ``exam.views``.

    Raises:
        DatasetError: an argument names what is not written.
    """
    _check("photometric", photometric, PHOTOMETRIC_INTERPRETATIONS)
    _check("transfer_syntax", transfer_syntax, TRANSFER_SYNTAXES)
    _check("bits_stored", bits_stored, _BITS_STORED)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, view in enumerate(exam.views, start=1):
        stored = stored_values(view, photometric, bits_stored)
        dataset = _file_dataset(_uid("image", exam, number, photometric, spacing, stored.tobytes()))
        identify(dataset, exam, view, number)
        dataset.StudyInstanceUID = _uid("study", exam)
        dataset.SeriesInstanceUID = _uid("series", exam, 1 if one_series else number)
        dataset.SeriesNumber = 1 if one_series else number
        describe(dataset, view, photometric, spacing or exam.spacing, bits_stored)
        _set_pixels(dataset, stored, bits_stored)
        if transfer_syntax == RLELossless:
            dataset.compress(RLELossless)
        files.append(folder / f"{view.laterality}_{view.view}.dcm")
        dataset.save_as(files[-1], write_like_original=False)
    return files


def stored_values(view: PhantomView, photometric: str, bits_stored: int) -> NDArray[np.uint16]:
    """The pixels as stored: ``(rows, cols)`` uint16 over the whole range of ``bits_stored``."""
    largest = 2**bits_stored - 1
    values = np.rint(view.pixels.astype(np.float64) * largest)
    return np.asarray(values if photometric == "MONOCHROME2" else largest - values, dtype=np.uint16)


def _check(name: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        raise DatasetError(name, f"{value!r} is not written", f"use one of {', '.join(map(str, allowed))}")


def _uid(kind: str, exam: PhantomExam, *words: object) -> UID:
    """A UID (PS3.5 B.2) that follows from the examination and ``words`` alone."""
    inserted = [
        (lesion.kind.value, lesion.laterality.value, lesion.diameter, lesion.contrast) for lesion in exam.inserted
    ]
    grid = exam.views[0].pixels.shape
    patient = (exam.seed, exam.visit) if exam.visit else exam.seed
    text = repr(("mammolens phantom", kind, patient, exam.spacing, grid, inserted, words))
    return generate_uid(entropy_srcs=[hashlib.sha256(text.encode()).hexdigest()])


def _file_dataset(sop_instance_uid: UID) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = sop_instance_uid
    return dataset


def _set_pixels(dataset: FileDataset, stored: NDArray[np.uint16], bits_stored: int) -> None:
    """Image Pixel module, PS3.3 C.7.6.3."""
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits_stored, bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = stored.astype("<u2").tobytes()
