"""Heat levels as DICOM Segmentation (PS3.3 A.51): one binary segment a level."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from mammolens.dicom.derived.equipment import algorithm, identification
from mammolens.dicom.derived.finalising import finalised_image
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.levels import cielab_of, colours_of
from mammolens.dicom.derived.ohif import set_plane_for_ohif
from mammolens.dicom.derived.source import Source
from mammolens.dicom.derived.standard_codes import DCM, SCT
from mammolens.types import AnomalyRecord, AnomalyResult


def segmentation_of(result: AnomalyResult, source: Source) -> Dataset:
    """The segmentation of an image's heat levels.

    Segment n contains the pixels of exactly level n, so segments do not overlap: viewers paint each pixel once, and
    hiding the low levels leaves the high ones. Each level has a segment and a frame even if no pixel reaches it, so a
    viewer's list of levels is always the same.
    """
    from highdicom.seg import Segmentation, SegmentationTypeValues

    dataset = Segmentation(
        source_images=[source.dataset],
        pixel_array=result.heat_levels,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=_segments(result.record),
        omit_empty_frames=False,
        content_label="ANOMALY_LEVELS",
        content_description="Anomaly levels, research use only",
        **identification(DerivedKind.SEGMENTATION, [source.dataset], result.record),
    )
    set_plane_for_ohif(dataset, source.header)
    return finalised_image(dataset, source)


def level_label(name: str, share: float | None) -> str:
    """For example ``Anomaly level high: reached by 5 % of normal images``."""
    meaning = "" if share is None else f": reached by {100 * share:g} % of normal images"
    return f"Anomaly level {name}{meaning}"


def _segments(record: AnomalyRecord) -> list[Any]:
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription

    segments = []
    for number, (name, colour) in enumerate(zip(record.levels, colours_of(len(record.levels)), strict=True), 1):
        label = level_label(name, record.level_shares.get(name))
        segment = SegmentDescription(
            segment_number=number,
            segment_label=label[:64],
            # No tissue and no lesion is claimed: a region of the image that stands out.
            segmented_property_category=SCT.SpatialAndRelationalConcept,
            segmented_property_type=DCM.SelectedRegion,
            algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm(record),
        )
        segment.SegmentDescription = f"{label}; map value from {record.levels[name]:.6g}"
        segment.RecommendedDisplayCIELabValue = list(CIELabColor(*cielab_of(colour)).value)
        segments.append(segment)
    return segments
