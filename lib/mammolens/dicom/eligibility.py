"""Which DICOM objects are mammograms that can be scored, and why the others are refused."""

from __future__ import annotations

from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset

from mammolens.dicom.collection_quirks import is_part_of_collection
from mammolens.dicom.header_values import needed_number, number_of, numbers_of
from mammolens.dicom.opening import one_line
from mammolens.dicom.sop_classes import (
    FOR_PROCESSING,
    SECONDARY_CAPTURE,
    TOMOSYNTHESIS,
    X_RAY,
    is_of_another_kind,
    sop_class_of,
)
from mammolens.enums import QualityFlag
from mammolens.errors import NotAMammogramError, UnsupportedMammogramError

# View modifiers of PS3.16 CID 4015 whose field of view is not a whole breast, SCT and former SRT codes.
_PARTIAL_VIEWS = {
    "399055006": "spot compression",
    "R-102D7": "spot compression",
    "399163009": "magnification",
    "R-102D6": "magnification",
    "399011000": "axillary tail",
    "R-102D1": "axillary tail",
    "399161006": "cleavage",
    "R-102D2": "cleavage",
    "399110001": "tangential",
    "R-102C2": "tangential",
}
# A whole-breast view has the breast on the detector cover; contact mammography stays below this factor.
_LARGEST_CONTACT_MAGNIFICATION = 1.25
_SMALLEST_WHOLE_FIELD = 120.0  # mm; fields for whole breasts begin at 180 x 240, those of spot views end at 100
_ALWAYS_LOSSY = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless)
_GREYS = ("", "MONOCHROME1", "MONOCHROME2")


def check_eligibility(dataset: Dataset, path: Path) -> tuple[QualityFlag, ...]:
    """Accept a mammogram, with flags for what is poor about its header.

    Raises:
        NotAMammogramError: another modality, a report, a segmentation, no image at all.
        UnsupportedMammogramError: FOR PROCESSING, tomosynthesis, multi-frame, colour, spot or
            magnification views.
        PixelDataError: Rows, Columns, Number of Frames or Samples per Pixel is no number.
    """
    sop_class = sop_class_of(dataset)
    _refuse_other_kinds(dataset, sop_class, path)
    _refuse_unscored_kinds(dataset, sop_class, path)
    _refuse_partial_views(dataset, path)
    return _flags(dataset, sop_class)


def _flags(dataset: Dataset, sop_class: str | None) -> tuple[QualityFlag, ...]:
    syntax = getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID")
    flags = []
    if sop_class in SECONDARY_CAPTURE:
        flags.append(QualityFlag.SECONDARY_CAPTURE)
    if not dataset.get("Modality") or sop_class is None:
        flags.append(QualityFlag.POOR_HEADER)
    if dataset.get("LossyImageCompression") == "01" or syntax in _ALWAYS_LOSSY:
        flags.append(QualityFlag.LOSSY_COMPRESSED)
    if dataset.get("BreastImplantPresent") == "YES":
        flags.append(QualityFlag.IMPLANT)
    if _may_be_partial(dataset):
        flags.append(QualityFlag.PARTIAL_VIEW)
    return tuple(flags)


def _may_be_partial(dataset: Dataset) -> bool:
    """Whether the header hints, without saying so by a view modifier, that less than the whole breast is shown.

    Partial View (PS3.3 C.7.6.1.1.7) is one of several images that show a large breast together; a spot paddle and a
    small field (PS3.3 C.8.11.4, in mm) leave most of the breast out.
    """
    field = numbers_of(dataset, "FieldOfViewDimensions")
    paddle = str(dataset.get("PaddleDescription") or "").upper()
    small_field = bool(field) and 0 < max(field) < _SMALLEST_WHOLE_FIELD
    return dataset.get("PartialView") == "YES" or "SPOT" in paddle or small_field


def _refuse_other_kinds(dataset: Dataset, sop_class: str | None, path: Path) -> None:
    kind = one_line(uid.UID(sop_class).name) if sop_class else "a file without image attributes"
    if not all(needed_number(dataset, side, path, default=0) for side in ("Rows", "Columns")):
        raise NotAMammogramError(path, f"holds no image ({kind})", "give the mammogram itself")
    modality = one_line(dataset.get("Modality") or "")
    if modality == "SEG" or sop_class == uid.SegmentationStorage:
        raise NotAMammogramError(path, "is a segmentation", "give the mammogram that it refers to")
    breast = dataset.get("BodyPartExamined") == "BREAST"
    of_breast = (
        modality == "MG" or (breast and modality in ("", "DX", "CR", "OT")) or (not modality and sop_class in X_RAY)
    )
    if not of_breast:
        raise NotAMammogramError(path, f"Modality is {modality or 'not stated'}, not MG", "give a mammogram")
    if is_of_another_kind(sop_class):
        raise NotAMammogramError(path, f"is of another kind ({kind})", "give a mammogram")


def _refuse_unscored_kinds(dataset: Dataset, sop_class: str | None, path: Path) -> None:
    if sop_class in FOR_PROCESSING or dataset.get("PresentationIntentType") == "FOR PROCESSING":
        raise UnsupportedMammogramError(
            path, "PresentationIntentType is FOR PROCESSING", "export the FOR PRESENTATION image"
        )
    frames = int(needed_number(dataset, "NumberOfFrames", path, default=1))
    if sop_class == TOMOSYNTHESIS or frames > 1:
        kind = "is tomosynthesis" if sop_class == TOMOSYNTHESIS else f"is a stack of {frames} frames"
        raise UnsupportedMammogramError(path, kind, "give the two-dimensional mammogram")
    grey = str(dataset.get("PhotometricInterpretation") or "") in _GREYS
    if not grey or needed_number(dataset, "SamplesPerPixel", path, default=1) != 1:
        raise UnsupportedMammogramError(path, "is a colour image", "export the grey-scale mammogram")


def _refuse_partial_views(dataset: Dataset, path: Path) -> None:
    remedy = "give the whole-breast view"
    for view in dataset.get("ViewCodeSequence") or []:
        for modifier in view.get("ViewModifierCodeSequence") or []:
            kind = _PARTIAL_VIEWS.get(str(modifier.get("CodeValue")))
            if kind is not None:
                raise UnsupportedMammogramError(path, f"is not a whole-breast view ({kind})", remedy)
    if is_part_of_collection(dataset):
        raise UnsupportedMammogramError(path, "is a crop or mask of CBIS-DDSM", "give the full mammogram")
    magnification = number_of(dataset, "EstimatedRadiographicMagnificationFactor") or 1.0
    if magnification > _LARGEST_CONTACT_MAGNIFICATION:
        raise UnsupportedMammogramError(path, f"is a magnification view (factor {magnification:g})", remedy)
