"""Which DICOM objects are mammograms that can be scored, and why the others are refused."""

from __future__ import annotations

from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset

from mammolens.enums import QualityFlag
from mammolens.errors import NotAMammogramError, UnsupportedMammogramError

MG_FOR_PRESENTATION = uid.DigitalMammographyXRayImageStorageForPresentation
MG_FOR_PROCESSING = uid.DigitalMammographyXRayImageStorageForProcessing
TOMOSYNTHESIS = uid.BreastTomosynthesisImageStorage
PROJECTION_X_RAY = (
    MG_FOR_PRESENTATION,
    uid.DigitalXRayImageStorageForPresentation,
    uid.ComputedRadiographyImageStorage,
)
FOR_PROCESSING = (MG_FOR_PROCESSING, uid.DigitalXRayImageStorageForProcessing)
SECONDARY_CAPTURE = (uid.SecondaryCaptureImageStorage, uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage)

# View modifiers of PS3.16 CID 4015 whose field of view is not a whole breast, SCT and former SRT codes.
_PARTIAL_VIEWS = {"399055006", "R-102D7", "399163009", "R-102D6"}
# A whole-breast view has the breast on the detector cover; contact mammography stays below this factor.
_LARGEST_CONTACT_MAGNIFICATION = 1.25


def sop_class_of(dataset: Dataset) -> str | None:
    """SOP Class UID of the data set or, where it was stripped, of the file meta information."""
    stated = dataset.get("SOPClassUID") or getattr(dataset, "file_meta", Dataset()).get("MediaStorageSOPClassUID")
    return str(stated) if stated else None


def refuse_what_is_no_mammogram(dataset: Dataset, path: Path) -> tuple[QualityFlag, ...]:
    """Accept a mammogram, with flags for what is poor about its header.

    Raises:
        NotAMammogramError: another modality, a report, a segmentation, no image at all.
        UnsupportedMammogramError: FOR PROCESSING, tomosynthesis, multi-frame, colour, spot or
            magnification views.
    """
    sop_class = sop_class_of(dataset)
    _refuse_other_kinds(dataset, sop_class, path)
    _refuse_unscored_kinds(dataset, sop_class, path)
    _refuse_partial_views(dataset, path)
    flags = []
    if sop_class in SECONDARY_CAPTURE:
        flags.append(QualityFlag.SECONDARY_CAPTURE)
    if not dataset.get("Modality") or sop_class is None:
        flags.append(QualityFlag.POOR_HEADER)
    if dataset.get("LossyImageCompression") == "01":
        flags.append(QualityFlag.LOSSY_COMPRESSED)
    if dataset.get("BreastImplantPresent") == "YES":
        flags.append(QualityFlag.IMPLANT)
    return tuple(flags)


def _refuse_other_kinds(dataset: Dataset, sop_class: str | None, path: Path) -> None:
    if "Rows" not in dataset:
        kind = uid.UID(sop_class).name if sop_class else "a file without image attributes"
        raise NotAMammogramError(path, f"holds no image ({kind})", "give the mammogram itself")
    modality = str(dataset.get("Modality") or "")
    if modality == "SEG" or sop_class == uid.SegmentationStorage:
        raise NotAMammogramError(path, "is a segmentation", "give the mammogram that it refers to")
    breast = dataset.get("BodyPartExamined") == "BREAST"
    of_breast = modality == "MG" or (modality in ("", "DX", "CR", "OT") and (breast or sop_class in PROJECTION_X_RAY))
    if modality in ("DX", "CR", "OT") and not breast:
        of_breast = False
    if not of_breast:
        raise NotAMammogramError(path, f"Modality is {modality or 'not stated'}, not MG", "give a mammogram")


def _refuse_unscored_kinds(dataset: Dataset, sop_class: str | None, path: Path) -> None:
    if sop_class in FOR_PROCESSING or dataset.get("PresentationIntentType") == "FOR PROCESSING":
        raise UnsupportedMammogramError(
            path, "PresentationIntentType is FOR PROCESSING", "export the FOR PRESENTATION image"
        )
    frames = int(dataset.get("NumberOfFrames") or 1)
    if sop_class == TOMOSYNTHESIS or frames > 1:
        raise UnsupportedMammogramError(
            path, f"is a stack of {frames} frames (tomosynthesis)", "give the two-dimensional mammogram"
        )
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise UnsupportedMammogramError(path, "is a colour image", "export the grey-scale mammogram")


def _refuse_partial_views(dataset: Dataset, path: Path) -> None:
    remedy = "give the whole-breast view"
    for view in dataset.get("ViewCodeSequence") or []:
        for modifier in view.get("ViewModifierCodeSequence") or []:
            if str(modifier.get("CodeValue")) in _PARTIAL_VIEWS:
                meaning = str(modifier.get("CodeMeaning") or "spot compression or magnification").lower()
                raise UnsupportedMammogramError(path, f"is a {meaning} view", remedy)
    magnification = float(dataset.get("EstimatedRadiographicMagnificationFactor") or 1.0)
    if magnification > _LARGEST_CONTACT_MAGNIFICATION:
        raise UnsupportedMammogramError(path, f"is a magnification view (factor {magnification:g})", remedy)
