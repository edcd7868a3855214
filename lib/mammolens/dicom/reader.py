"""The one way from a file, a data set or an array to a header and to a mammogram."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import FileDataset
from pydicom.dataset import Dataset

from mammolens.dicom import appearance
from mammolens.dicom.collection_quirks import attributes_of_collection
from mammolens.dicom.eligibility import check_eligibility
from mammolens.dicom.geometry import pixel_spacing_of, viewer_geometry_of
from mammolens.dicom.header_values import date_of, texts_of
from mammolens.dicom.image_kind import acquisition_group_of
from mammolens.dicom.missing_parts import missing_part
from mammolens.dicom.opening import FileKind, damage_named, file_kind, open_dicom
from mammolens.dicom.pictures import array_pixels, content_uid, picture_pixels, picture_shape, uid_of_content
from mammolens.dicom.pixels import display_pixels
from mammolens.dicom.reduced_resolution import details_are_finer
from mammolens.dicom.sop_classes import PROJECTION_X_RAY, sop_class_of
from mammolens.dicom.unusable import unusable_attributes
from mammolens.dicom.views import laterality_of, patient_orientation_of, view_of
from mammolens.enums import AttributeSource, Laterality, QualityFlag, ViewPosition
from mammolens.errors import InputError, PixelDataError
from mammolens.types import AnyPath, FloatImage, ImageAttributes, ImageHeader, Mammogram

_NOTHING = ImageAttributes()
SCREENING_VIEWS = (ViewPosition.CC, ViewPosition.MLO)


def read_header(path: AnyPath, attributes: ImageAttributes = _NOTHING) -> ImageHeader:
    """Read what is known of an image without decoding it.

    Args:
        path: a DICOM file (one SOP instance), PNG, JPEG, TIFF or PGM.
        attributes: what a table says; it wins over the file's own header.

    Raises:
        InputError: not a mammogram, or not one that is scored; names file, reason and remedy.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> read_header(write_phantom_exam(make_phantom_exam(7), "phantom")[0]).patient_id
        'PHANTOM-7'
    """
    path = Path(path)
    if _kind_of(path) is FileKind.PICTURE:
        return _picture_header(path, content_uid(path), attributes)
    return _dicom_header(open_dicom(path, with_pixels=False), path, attributes)


def read_mammogram(
    path: AnyPath, attributes: ImageAttributes = _NOTHING, *, detail_mm: float | None = None
) -> Mammogram:
    """Read one mammographic image: one SOP instance, whatever series it came in.

    Args:
        path: a DICOM file, PNG, JPEG, TIFF or PGM.
        attributes: what a table says; it wins over the file's own header.
        detail_mm: the size of the finest detail that is needed: lossless JPEG 2000 is decoded without finer details,
            which takes less than half the time; the image keeps its size. By default, all details are decoded.

    Raises:
        InputError: as :func:`read_header`, or pixels that cannot be used, or most of the breast is missing.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> file = write_phantom_exam(make_phantom_exam(7), "phantom")[0]
        >>> mammogram = read_mammogram(file)
        >>> mammogram.header.laterality, mammogram.header.view, mammogram.pixels.dtype
        (<Laterality.RIGHT: 'R'>, <ViewPosition.CC: 'CC'>, dtype('float32'))
    """
    path = Path(path)
    if _kind_of(path) is FileKind.PICTURE:
        return _mammogram(_picture_header(path, content_uid(path), attributes), picture_pixels(path))
    return _mammogram_of_dataset(open_dicom(path, with_pixels=True), path, attributes, detail_mm)


def mammogram_from_dataset(dataset: FileDataset, attributes: ImageAttributes = _NOTHING) -> Mammogram:
    """The mammogram of a data set in memory, as :func:`read_mammogram` reads it from a file.

    Args:
        dataset: one SOP instance with its file meta information, as ``pydicom.dcmread`` gives it.
        attributes: what a table says; it wins over the data set.

    Raises:
        InputError: as :func:`read_mammogram`; or there is not a SOP Instance UID.

    Example:
        >>> import pydicom
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> file = write_phantom_exam(make_phantom_exam(7), "phantom")[0]
        >>> mammogram_from_dataset(pydicom.dcmread(file)).header.patient_id
        'PHANTOM-7'
    """
    path = Path(str(dataset.filename or "data set in memory"))
    if not dataset.get("SOPInstanceUID"):
        raise InputError(path, "has no SOP Instance UID", "give the data set one (pydicom.uid.generate_uid)")
    return _mammogram_of_dataset(dataset, path, attributes)


def mammogram_from_array(pixels: NDArray[np.generic], attributes: ImageAttributes = _NOTHING) -> Mammogram:
    """The mammogram of an array; side and view are guessed from the picture where ``attributes`` does not state them.

    Args:
        pixels: ``(rows, cols)``, or ``(rows, cols, 3)`` uint8 of equal channels; dark air, bright dense tissue.
            uint8 is divided by 255; floats in [0, 1] are kept; all else is scaled by its own range.
        attributes: patient, side, view, machine and pixel size, as far as they are known.

    Raises:
        InputError: colours, a constant image, a size that no mammogram has, or most of the breast is missing.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.enums import Laterality, ViewPosition
        >>> view = make_phantom_exam(7).views[0]
        >>> attributes = ImageAttributes("P1", laterality=Laterality.RIGHT, view=ViewPosition.CC)
        >>> mammogram_from_array(view.pixels, attributes).header.patient_id
        'P1'
    """
    path = Path("array in memory")
    return _mammogram(_picture_header(path, uid_of_content(pixels.tobytes()), attributes), array_pixels(pixels, path))


def _mammogram_of_dataset(
    dataset: FileDataset, path: Path, attributes: ImageAttributes, detail_mm: float | None = None
) -> Mammogram:
    header = _dicom_header(dataset, path, attributes)
    pixels, contradicted = display_pixels(dataset, path, all_details=not details_are_finer(header.spacing, detail_mm))
    return _mammogram(header.without_use_of(*contradicted), pixels)


def _mammogram(header: ImageHeader, pixels: FloatImage) -> Mammogram:
    if appearance.has_bright_background(pixels):
        pixels = np.subtract(1.0, pixels, dtype=np.float32)
        header = header.flagged(QualityFlag.POLARITY_CORRECTED)
    header = _breast_checked(header, pixels)
    return Mammogram(_view_checked(_completed(header, pixels), pixels), pixels)


def read_shape(path: Path) -> tuple[int, int]:
    """Rows and columns of an image as stored, without decoding it.

    Raises:
        InputError: neither a DICOM file with pixels nor a picture.
    """
    if _kind_of(path) is FileKind.PICTURE:
        return picture_shape(path)
    with damage_named(path):
        dataset = open_dicom(path, with_pixels=False)
        return int(dataset.Rows), int(dataset.Columns)


def sop_instance_uid_of(dataset: FileDataset, path: Path) -> str:
    """SOP Instance UID of the data set or, where it was stripped, of the file's meta information or its content."""
    stated = dataset.get("SOPInstanceUID") or dataset.file_meta.get("MediaStorageSOPInstanceUID")
    return str(stated) if stated else content_uid(path)


def _kind_of(path: Path) -> FileKind:
    kind = file_kind(path)
    if kind is FileKind.OTHER:
        raise InputError(path, "is neither DICOM nor PNG nor JPEG nor TIFF", "give a mammogram in one of these formats")
    return kind


def _picture_header(path: Path, content: str, attributes: ImageAttributes) -> ImageHeader:
    header = ImageHeader(
        path=path,
        sop_instance_uid=content,
        patient_id="",
        exam_id=content,  # not the name, which may be that of another patient's picture in another folder
        flags=(QualityFlag.PATIENT_UNKNOWN, QualityFlag.NO_PIXEL_SPACING),
    )
    return _with_table(header, attributes)


def _dicom_header(dataset: FileDataset, path: Path, attributes: ImageAttributes) -> ImageHeader:
    with damage_named(path):
        header = _stated_header(dataset, path)
        known = _with_table(header, attributes_of_collection(dataset), AttributeSource.HEADER)
    return _with_table(known, attributes)


def _stated_header(dataset: FileDataset, path: Path) -> ImageHeader:
    flags = check_eligibility(dataset, path)
    patient = str(dataset.get("PatientID") or "").strip()
    issuer = str(dataset.get("IssuerOfPatientID") or "").strip()
    study = str(dataset.get("StudyInstanceUID") or "") or None
    laterality, laterality_source = laterality_of(dataset)
    view, view_source = view_of(dataset)
    spacing = pixel_spacing_of(dataset)
    header = ImageHeader(
        path=path,
        sop_instance_uid=sop_instance_uid_of(dataset, path),
        patient_id=patient,
        exam_id=study or patient or content_uid(path),
        laterality=laterality,
        laterality_source=laterality_source,
        view=view,
        view_source=view_source,
        spacing=spacing,
        geometry=viewer_geometry_of(dataset),
        acquisition_group=acquisition_group_of(_machine(dataset), synthetic_2d=QualityFlag.SYNTHETIC_2D in flags),
        software_versions=", ".join(texts_of(dataset, "SoftwareVersions")) or None,
        study_date=date_of(str(dataset.get("StudyDate") or "")),
        issuer_of_patient_id=(issuer or None) if patient else None,
        study_instance_uid=study,
        series_instance_uid=str(dataset.get("SeriesInstanceUID") or "") or None,
        sop_class_uid=sop_class_of(dataset),
        transfer_syntax_uid=str(dataset.file_meta.get("TransferSyntaxUID") or "") or None,
        photometric_interpretation=str(dataset.get("PhotometricInterpretation") or "MONOCHROME2"),
        patient_orientation=patient_orientation_of(dataset),
        flags=flags,
    )
    missing = {
        QualityFlag.PATIENT_UNKNOWN: not patient,
        QualityFlag.STUDY_UNKNOWN: bool(patient and not study),
        QualityFlag.NO_PIXEL_SPACING: spacing is None,
    }
    header = header.flagged(*(flag for flag, is_missing in missing.items() if is_missing))
    return header.without_use_of(*unusable_attributes(dataset))


def _machine(dataset: Dataset) -> str | None:
    """Manufacturer and model: images of one machine look alike."""
    words = [str(dataset.get(keyword) or "").strip() for keyword in ("Manufacturer", "ManufacturerModelName")]
    return " ".join(word for word in words if word) or None


def _with_table(
    header: ImageHeader, attributes: ImageAttributes, source: AttributeSource = AttributeSource.TABLE
) -> ImageHeader:
    # Where there is no study, all images of a patient are one exam.
    exam = header.exam_id if header.study_instance_uid else attributes.patient_id or header.exam_id
    machine = acquisition_group_of(attributes.machine_id, synthetic_2d=QualityFlag.SYNTHETIC_2D in header.flags)
    replaced: dict[QualityFlag, object] = {
        QualityFlag.NO_PIXEL_SPACING: attributes.spacing,
        QualityFlag.PATIENT_UNKNOWN: attributes.patient_id,
        QualityFlag.STUDY_UNKNOWN: attributes.exam_id,
    }
    doubts = dict.fromkeys(attributes.identity_doubts)
    if attributes.patient_id and not (attributes.exam_id or header.study_instance_uid or header.patient_id):
        doubts[QualityFlag.STUDY_UNKNOWN] = None
    if attributes.sop_instance_uid:
        doubts[QualityFlag.SUBSTITUTE_UID] = None
    return replace(
        header,
        sop_instance_uid=attributes.sop_instance_uid or header.sop_instance_uid,
        issuer_of_patient_id=None if attributes.patient_id else header.issuer_of_patient_id,
        patient_id=attributes.patient_id or header.patient_id,
        exam_id=attributes.exam_id or exam,
        laterality=attributes.laterality or header.laterality,
        laterality_source=source if attributes.laterality else header.laterality_source,
        view=attributes.view or header.view,
        view_source=source if attributes.view else header.view_source,
        acquisition_group=machine if attributes.machine_id else header.acquisition_group,
        spacing=attributes.spacing or header.spacing,
        pixel_aspect_ratio=attributes.pixel_aspect_ratio or header.pixel_aspect_ratio,
        flags=tuple(flag for flag in header.flags if not replaced.get(flag)),
    ).flagged(*doubts)


def _completed(header: ImageHeader, pixels: FloatImage) -> ImageHeader:
    """Guess missing side and view from the pixels, with flags; a view that is stated but not known is not guessed."""
    laterality: Laterality | None = header.laterality
    view: ViewPosition | None = header.view
    if laterality is None:
        header = replace(
            header, laterality=appearance.guess_laterality(pixels), laterality_source=AttributeSource.GUESSED
        ).flagged(QualityFlag.LATERALITY_GUESSED)
    if view is None and header.view_source is AttributeSource.UNKNOWN:
        header = replace(header, view=appearance.guess_view(pixels), view_source=AttributeSource.GUESSED).flagged(
            QualityFlag.VIEW_GUESSED
        )
    return header


def _breast_checked(header: ImageHeader, pixels: FloatImage) -> ImageHeader:
    """Flagged where a part of the breast is cut off, refused where that is most of it."""
    missing = missing_part(pixels, may_be_film=header.sop_class_uid not in PROJECTION_X_RAY)
    if missing is None:
        return header
    if missing.is_most:
        reason = f"most of the breast is missing: {missing.share:.0%} of the {missing.lines} are empty"
        raise PixelDataError(header.path, reason, "transfer or export the image again")
    return header.flagged(QualityFlag.INCOMPLETE_BREAST)


def _view_checked(header: ImageHeader, pixels: FloatImage) -> ImageHeader:
    """Flagged if the view is not a screening view, or the picture contradicts it."""
    if header.view not in SCREENING_VIEWS:
        return header.flagged(QualityFlag.NO_SCREENING_VIEW)
    return (
        header.flagged(QualityFlag.VIEW_CONTRADICTED)
        if appearance.picture_contradicts_view(pixels, header.view)
        else header
    )
