"""The DICOM Segmentation of an image's stored result."""

from __future__ import annotations

import pydicom

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.labelapp.datastore.results import StoredResult
from mammolens.labelapp.responses.exams import SegmentationReference


def segmentation_reference(stored: StoredResult) -> SegmentationReference | None:
    """Its UIDs; ``None`` if the result has no segmentation."""
    path = stored.files.get(DerivedKind.SEGMENTATION)
    try:
        header = pydicom.dcmread(path, specific_tags=["SOPInstanceUID", "SeriesInstanceUID"]) if path else None
    except OSError:  # replaced this very moment
        return None
    if header is None:
        return None
    return SegmentationReference(
        sop_instance_uid=str(header.SOPInstanceUID), series_instance_uid=str(header.SeriesInstanceUID)
    )
