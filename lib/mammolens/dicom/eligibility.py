"""Which DICOM objects are mammograms that can be scored, and why the others are refused."""

from __future__ import annotations

from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset

from mammolens.dicom.channels import COLOURS
from mammolens.dicom.collection_quirks import is_part_of_collection
from mammolens.dicom.header_values import needed_number, number_of, numbers_of, text_of
from mammolens.dicom.image_kind import is_synthetic_2d, unscored_kind_of
from mammolens.dicom.opening import one_line
from mammolens.dicom.sop_classes import (
    MAMMOGRAPHY,
    SECONDARY_CAPTURE,
    TOMOSYNTHESIS,
    X_RAY,
    is_for_processing,
    is_of_another_kind,
    sop_class_of,
)
from mammolens.dicom.view_terms import ViewModifier
from mammolens.dicom.views import contradicts_laterality, header_contradicts_view, view_modifiers_of
from mammolens.enums import QualityFlag
from mammolens.errors import NotAMammogramError, UnsupportedMammogramError

_PARTIAL = (
    ViewModifier.SPOT_COMPRESSION,
    ViewModifier.MAGNIFICATION,
    ViewModifier.AXILLARY_TAIL,
    ViewModifier.CLEAVAGE,
    ViewModifier.TANGENTIAL,
)
# Taken for one part of the breast, of which most is on the image all the same.
_PERHAPS_PARTIAL = {ViewModifier.ANTERIOR_COMPRESSION, ViewModifier.INFRAMAMMARY_FOLD, ViewModifier.AXILLARY_TISSUE}
# A whole-breast view has the breast on the detector cover; contact mammography stays below this factor.
_LARGEST_CONTACT_MAGNIFICATION = 1.25
_SMALLEST_WHOLE_FIELD = 120.0  # mm; fields for whole breasts begin at 180 x 240, those of spot views end at 100
_ALWAYS_LOSSY = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless)
_GREYS = ("", "MONOCHROME1", "MONOCHROME2")
# PS3.3 C.7.3.1.1.1: what machines, film scanners and archives call radiographs.
_RADIOGRAPHY = ("", "MG", "DX", "CR", "RG", "OT")


def check_eligibility(dataset: Dataset, path: Path) -> tuple[QualityFlag, ...]:
    """Accept a mammogram, with flags for what is poor about its header.

    Raises:
        NotAMammogramError: another modality, a report, a segmentation, no image at all.
        UnsupportedMammogramError: FOR PROCESSING, tomosynthesis, biopsy, contrast-enhanced, multi-frame,
            colour, specimens, spot, magnification and other partial views.
        PixelDataError: Rows, Columns, Number of Frames or Samples per Pixel is not a number.
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
    if is_synthetic_2d(dataset):
        flags.append(QualityFlag.SYNTHETIC_2D)
    if dataset.get("LossyImageCompression") == "01" or syntax in _ALWAYS_LOSSY:
        flags.append(QualityFlag.LOSSY_COMPRESSED)
    if dataset.get("BreastImplantPresent") == "YES" or ViewModifier.IMPLANT_DISPLACED in view_modifiers_of(dataset):
        flags.append(QualityFlag.IMPLANT)
    if _may_be_partial(dataset):
        flags.append(QualityFlag.PARTIAL_VIEW)
    if contradicts_laterality(dataset):
        flags.append(QualityFlag.LATERALITY_CONTRADICTED)
    if header_contradicts_view(dataset):
        flags.append(QualityFlag.VIEW_CONTRADICTED)
    return tuple(flags)


def _may_be_partial(dataset: Dataset) -> bool:
    """Whether the header hints that less than the whole breast is shown.

    A spot paddle and a small field (PS3.3 C.8.11.4, in mm) leave most of the breast out.
    """
    field = numbers_of(dataset, "FieldOfViewDimensions")
    paddle = str(dataset.get("PaddleDescription") or "").upper()
    small_field = bool(field) and 0 < max(field) < _SMALLEST_WHOLE_FIELD
    return "SPOT" in paddle or small_field or not _PERHAPS_PARTIAL.isdisjoint(view_modifiers_of(dataset))


def _refuse_other_kinds(dataset: Dataset, sop_class: str | None, path: Path) -> None:
    kind = one_line(uid.UID(sop_class).name) if sop_class else "a file without image attributes"
    if not all(needed_number(dataset, side, path, default=0) for side in ("Rows", "Columns")):
        raise NotAMammogramError(path, f"contains no image ({kind})", "give the mammogram itself")
    modality = one_line(dataset.get("Modality") or "")
    if modality == "SEG" or sop_class == uid.SegmentationStorage:
        raise NotAMammogramError(path, "is a segmentation", "give the mammogram that it refers to")
    of_breast = sop_class in MAMMOGRAPHY or text_of(dataset, "BodyPartExamined").upper() == "BREAST"
    is_unknown_x_ray = not modality and sop_class in X_RAY
    if modality != "MG" and not is_unknown_x_ray and not (of_breast and modality in _RADIOGRAPHY):
        raise NotAMammogramError(path, f"Modality is {modality or 'not stated'}, not MG", "give a mammogram")
    if is_of_another_kind(sop_class):
        raise NotAMammogramError(path, f"is of another kind ({kind})", "give a mammogram")


def _refuse_unscored_kinds(dataset: Dataset, sop_class: str | None, path: Path) -> None:
    if is_for_processing(dataset):
        raise UnsupportedMammogramError(
            path, "PresentationIntentType is FOR PROCESSING", "export the FOR PRESENTATION image"
        )
    frames = int(needed_number(dataset, "NumberOfFrames", path, default=1))
    if sop_class == TOMOSYNTHESIS or frames > 1:
        kind = "is tomosynthesis" if sop_class == TOMOSYNTHESIS else f"is a stack of {frames} frames"
        raise UnsupportedMammogramError(path, kind, "give the two-dimensional mammogram")
    unscored = unscored_kind_of(dataset)
    if unscored is not None:
        raise UnsupportedMammogramError(path, unscored, "give the two-dimensional mammogram of the whole breast")
    samples = needed_number(dataset, "SamplesPerPixel", path, default=1)
    photometric = str(dataset.get("PhotometricInterpretation") or "")
    if samples == 1 and photometric in COLOURS:
        reason = f"PhotometricInterpretation is {photometric!r}, but there is one channel"
        remedy = "correct it to MONOCHROME1 or MONOCHROME2, or export the image again"
        raise UnsupportedMammogramError(path, reason, remedy)
    if not (samples == 1 and photometric in _GREYS) and not (samples == 3 and photometric in COLOURS):
        raise UnsupportedMammogramError(path, "is a colour image", "export the grey-scale mammogram")


def _refuse_partial_views(dataset: Dataset, path: Path) -> None:
    remedy = "give the whole-breast view"
    modifiers = view_modifiers_of(dataset)
    if ViewModifier.SPECIMEN in modifiers:
        raise UnsupportedMammogramError(path, "shows a specimen", remedy)
    kinds = [modifier.value for modifier in _PARTIAL if modifier in modifiers]
    if dataset.get("PartialView") == "YES":  # one of several images of a large breast, PS3.3 C.8.11.7.1.3
        kinds.append("PartialView is YES")
    if kinds:
        raise UnsupportedMammogramError(path, f"is not a whole-breast view ({', '.join(kinds)})", remedy)
    if is_part_of_collection(dataset):
        raise UnsupportedMammogramError(path, "is a crop or mask of CBIS-DDSM", "give the full mammogram")
    magnification = number_of(dataset, "EstimatedRadiographicMagnificationFactor") or 1.0
    if magnification > _LARGEST_CONTACT_MAGNIFICATION:
        raise UnsupportedMammogramError(path, f"is a magnification view (factor {magnification:g})", remedy)
