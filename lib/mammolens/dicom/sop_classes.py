"""SOP classes that a mammogram may come in, those that are refused by their class, and those of results."""

from __future__ import annotations

from pydicom import uid
from pydicom.dataset import Dataset

TOMOSYNTHESIS = uid.BreastTomosynthesisImageStorage
PROJECTION_X_RAY = (
    uid.DigitalMammographyXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForPresentation,
    uid.ComputedRadiographyImageStorage,
    uid.BreastProjectionXRayImageStorageForPresentation,
)
FOR_PROCESSING = (
    uid.DigitalMammographyXRayImageStorageForProcessing,
    uid.DigitalXRayImageStorageForProcessing,
    uid.BreastProjectionXRayImageStorageForProcessing,
)
SECONDARY_CAPTURE = (
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
MULTI_FRAME_CLASSES = (  # which may hold a single frame
    uid.BreastProjectionXRayImageStorageForPresentation,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
MAMMOGRAPHY = (  # of nothing but breasts
    uid.DigitalMammographyXRayImageStorageForPresentation,
    uid.DigitalMammographyXRayImageStorageForProcessing,
    uid.BreastProjectionXRayImageStorageForPresentation,
    uid.BreastProjectionXRayImageStorageForProcessing,
    TOMOSYNTHESIS,
)
RESULTS = (  # that results are written in, one for each kind of derived object
    uid.SegmentationStorage,
    uid.ParametricMapStorage,
    uid.SecondaryCaptureImageStorage,
    uid.ComprehensiveSRStorage,
    uid.MammographyCADSRStorage,
    uid.GrayscaleSoftcopyPresentationStateStorage,
)
X_RAY = (*PROJECTION_X_RAY, *FOR_PROCESSING, TOMOSYNTHESIS)
_STANDARD_ROOT = "1.2.840.10008."  # of every UID that DICOM itself defines (PS3.5 9)


def sop_class_of(dataset: Dataset) -> str | None:
    """SOP Class UID of the data set or, where it was stripped, of the file meta information."""
    stated = dataset.get("SOPClassUID") or getattr(dataset, "file_meta", Dataset()).get("MediaStorageSOPClassUID")
    return str(stated) if stated else None


def is_for_processing(dataset: Dataset) -> bool:
    """Whether the image is a raw one, by its class or by Presentation Intent Type (PS3.3 C.8.11.1)."""
    return sop_class_of(dataset) in FOR_PROCESSING or dataset.get("PresentationIntentType") == "FOR PROCESSING"


def is_of_another_kind(sop_class: str | None) -> bool:
    """Whether the standard made this class for other images; nothing is known of private ones."""
    if sop_class is None or not sop_class.startswith(_STANDARD_ROOT):
        return False
    return sop_class not in (*X_RAY, *SECONDARY_CAPTURE)


def is_no_image(sop_class: str | None) -> bool:
    """Whether the standard made this class for objects that hold no image, such as reports, segmentations, a DICOMDIR.

    It calls the others 'Image Storage' (PS3.4 B.5, PS3.6 A); nothing is known of private classes.

    Example:
        >>> [is_no_image(one) for one in (uid.MammographyCADSRStorage, uid.CTImageStorage, None)]
        [True, False, False]
    """
    named = uid.UID(sop_class or "")
    return named.type == "SOP Class" and " Image " not in named.name
