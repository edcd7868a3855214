"""The float anomaly map as DICOM Parametric Map (PS3.3 A.75)."""

from __future__ import annotations

from copy import deepcopy

from pydicom.dataset import Dataset

from mammolens.dicom.derived.equipment import identification
from mammolens.dicom.derived.finalising import finalised_image
from mammolens.dicom.derived.identity import derived_uid
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.measures import ANOMALY
from mammolens.dicom.derived.source import Source
from mammolens.dicom.derived.standard_codes import UCUM
from mammolens.types import AnomalyResult, ImageGeometry


def parametric_map_of(result: AnomalyResult, source: Source) -> Dataset:
    """The parametric map of an image's anomaly map.

    It lies where ITK and 3D Slicer place the source. Its values are the map's own, without a unit; the window
    reaches from 0 to one and a half times the begin of the highest level.
    """
    from highdicom.pm import DerivedPixelContrastValues, ImageFlavorValues, ParametricMap, RealWorldValueMapping
    from highdicom.sr import CodedConcept

    highest = max(result.record.levels.values())
    mapping = RealWorldValueMapping(
        lut_label="ANOMALY",
        lut_explanation="Deviation from normal, research use only",
        unit=UCUM.NoUnits,
        value_range=(0.0, float(max(result.anomaly_map.max(), highest))),
        slope=1.0,
        intercept=0.0,
        quantity_definition=CodedConcept.from_code(ANOMALY),
    )
    dataset = ParametricMap(
        source_images=[_placed(source.dataset, source.header.geometry)],
        pixel_array=result.anomaly_map,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        window_center=0.75 * highest,
        window_width=1.5 * highest,
        content_label="ANOMALY_MAP",
        content_description="Anomaly map, research use only",
        # A single projection is not a volume.
        image_flavor=ImageFlavorValues.STATIC,
        derived_pixel_contrast=DerivedPixelContrastValues.QUANTITY,
        **identification(DerivedKind.PARAMETRIC_MAP, [source.dataset], result.record),
    )
    # A LINEAR window may not be narrower than 1, and map values are small (PS3.3 C.11.2.1.2.1, C.11.2.1.3.2).
    dataset.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0].VOILUTFunction = "LINEAR_EXACT"
    dataset.Laterality = source.header.laterality or ""  # General Series, Type 2C (PS3.3 C.7.3.1)
    return finalised_image(dataset, source)


def _placed(dataset: Dataset, geometry: ImageGeometry) -> Dataset:
    """The source with a plane in space, which this IOD demands: that in which viewers show it (PS3.3 C.7.6.2)."""
    placed = deepcopy(dataset)
    column, row, slices = geometry.spacing
    axes = geometry.direction  # (3, 3), a column an axis
    placed.FrameOfReferenceUID = derived_uid("frame of reference", str(dataset.SOPInstanceUID))
    placed.ImageOrientationPatient = [axes[0], axes[3], axes[6], axes[1], axes[4], axes[7]]
    placed.ImagePositionPatient = list(geometry.origin)
    placed.PixelSpacing = [row, column]
    placed.SliceThickness = slices
    return placed
