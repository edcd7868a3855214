"""An exam's findings and numbers as structured report: Comprehensive SR (PS3.3 A.35.3) by PS3.16 TID 1500."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage

from mammolens import RESEARCH_USE_ONLY
from mammolens.dicom.derived import measures
from mammolens.dicom.derived.equipment import MANUFACTURER, PRODUCT
from mammolens.dicom.derived.exam import ReportedExam, ReportedImage, describe_flags, exam_sentence, outline_of
from mammolens.dicom.derived.identity import derived_uid
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.sides_and_views import SIDES
from mammolens.dicom.derived.sr_document import document
from mammolens.dicom.derived.standard_codes import DCM, SCT, UCUM
from mammolens.enums import Laterality
from mammolens.types import AnomalyRecord, Finding


def report_of(exam: ReportedExam) -> Dataset:
    """The measurement report of an exam.

    One measurement group describes each finding, with its outline on the source image and its location in words, one
    the exam, and one each image. Groups with regions come first: the order of the rows of TID 1500 is significant, and
    viewers such as dwv look for outlines in the first group.
    """
    from highdicom.sr import MeasurementReport

    groups = [group for image in exam.images for group in _finding_groups(image)]
    groups += [_exam_group(exam), *map(_image_group, exam.images)]
    content = MeasurementReport(
        observation_context=_context(exam.record),
        procedure_reported=SCT.Mammography,
        imaging_measurements=groups,
    )
    return document(DerivedKind.REPORT, ComprehensiveSRStorage, exam, content[0])


def _context(record: AnomalyRecord) -> Any:
    """The observer is the software, with model and calibration (TID 1001, 1004)."""
    from highdicom.sr import CodedConcept, DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext

    device = DeviceObserverIdentifyingAttributes(
        uid=derived_uid("device", record.model, record.calibration),
        name=PRODUCT,
        manufacturer_name=MANUFACTURER,
        model_name=record.model,
        serial_number=record.calibration,
    )
    return ObservationContext(observer_device_context=ObserverContext(CodedConcept.from_code(DCM.Device), device))


def _exam_group(exam: ReportedExam) -> Any:
    record = exam.record
    uids = sorted(str(dataset.SOPInstanceUID) for dataset in exam.datasets)
    tracking = derived_uid("exam", record.model, record.calibration, *uids)
    numbers = [
        _number_of_images(measures.EXAM_DECILE, record.exam_decile, UCUM.NoUnits, exam.images),
        _number_of_images(measures.EXAM_P_VALUE, record.exam_p_value, UCUM.NoUnits, exam.images),
        _number_of_images(measures.EXAM_PERCENTILE, record.exam_percentile, UCUM.Percent, exam.images),
        _number_of_images(measures.EXAM_SCORE, record.exam_score, UCUM.NoUnits, exam.images),
    ]
    group = _of_images(exam.images, **_common("Exam", tracking, record, numbers))
    return _with_texts(group, (DCM.Comment, RESEARCH_USE_ONLY), (measures.DECISION, exam_sentence(record)))


def _image_group(image: ReportedImage) -> Any:
    record = image.record
    numbers = [
        _number_of_images(measures.IMAGE_P_VALUE, record.p_value, UCUM.NoUnits, [image]),
        _number_of_images(measures.IMAGE_SCORE, record.pred_score, UCUM.NoUnits, [image]),
        _number_of_images(measures.BREAST_DECILE, record.breast_decile, UCUM.NoUnits, [image]),
        _number_of_images(measures.BREAST_P_VALUE, record.breast_p_value, UCUM.NoUnits, [image]),
        _number_of_images(measures.BREAST_SCORE, record.breast_score, UCUM.NoUnits, [image]),
    ]
    common = _common(image.name, image.tracking_uid(0), record, numbers)
    texts = [(measures.FLAGS, describe_flags(record))]
    if record.findings_left_out:
        texts.append((DCM.Comment, f"{record.findings_left_out} findings with lower peaks are left out"))
    return _with_texts(_of_images([image], finding_sites=_sites(record), **common), *texts)


def _finding_groups(image: ReportedImage) -> Iterator[Any]:
    for place, (number, finding, text) in enumerate(image.findings(), start=1):
        yield _finding_group(image, f"{image.name} {number}", image.tracking_uid(place), finding, text)


def _finding_group(image: ReportedImage, name: str, tracking: str, finding: Finding, text: str) -> Any:
    from highdicom.sr import PlanarROIMeasurementsAndQualitativeEvaluations

    numbers = [
        _number(measures.ANOMALY_PEAK, finding.peak, UCUM.NoUnits),
        _number(measures.FINDING_PERCENTILE, finding.percentile, UCUM.Percent),
    ]
    if finding.area_mm2 is not None:
        numbers.append(_number(SCT.Area, finding.area_mm2, UCUM.SquareMillimeter))
    group = PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=_region(image, finding),
        finding_type=DCM.SelectedRegion,
        finding_sites=_sites(image.record),
        **_common(name, tracking, image.record, numbers),
    )
    return _with_texts(group, (DCM.SelectedRegionDescription, text), (measures.ANOMALY_LEVEL, finding.level))


def _common(name: str, tracking: str, record: AnomalyRecord, numbers: list[Any]) -> dict[str, Any]:
    """What every group of measurements says of itself, as arguments of highdicom's constructors."""
    from highdicom.sr import AlgorithmIdentification, TrackingIdentifier

    return {
        "tracking_identifier": TrackingIdentifier(tracking, name),
        "algorithm_id": AlgorithmIdentification(PRODUCT, record.model, [f"calibration={record.calibration}"]),
        "measurements": numbers,
    }


def _of_images(images: Sequence[ReportedImage], **common: Any) -> Any:
    """Measurements of whole images (TID 1501)."""
    from highdicom.sr import MeasurementsAndQualitativeEvaluations, SourceImageForMeasurementGroup

    sources = [image.source.dataset for image in images]
    references = [SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID) for source in sources]
    return MeasurementsAndQualitativeEvaluations(source_images=references, **common)


def _with_texts(group: Any, *texts: tuple[Code, str]) -> Any:
    """The group with texts behind its numbers; both templates may be extended (PS3.16 TID 1410, 1501)."""
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    for concept, text in texts:
        group[0].ContentSequence.append(TextContentItem(concept, text, RelationshipTypeValues.CONTAINS))
    return group


def _region(image: ReportedImage, finding: Finding) -> Any:
    from highdicom.sr import GraphicTypeValues, ImageRegion, SourceImageForRegion

    source = image.source.dataset
    reference = SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID)
    return ImageRegion(GraphicTypeValues.POLYLINE, outline_of(finding), reference)


def _sites(record: AnomalyRecord) -> list[Any]:
    from highdicom.sr import FindingSite

    side = SIDES[Laterality(record.laterality)] if record.laterality else None
    return [FindingSite(SCT.Breast, laterality=side)]


def _number(name: Code, value: float, unit: Code) -> Any:
    from highdicom.sr import Measurement

    return Measurement(name, value, unit)


def _number_of_images(name: Code, value: float, unit: Code, images: Sequence[ReportedImage]) -> Any:
    """A number that is inferred from the whole of each image (TID 300, 320).

    TID 1501 requires no coordinates, but OHIF's reader expects them at each number of a group without a region of its
    own, and opens no report that lacks them.
    """
    from highdicom.sr import ContentSequence

    number = _number(name, value, unit)
    number[0].ContentSequence = ContentSequence([_whole(image) for image in images])
    return number


def _whole(image: ReportedImage) -> Any:
    from highdicom.sr import (
        ContentSequence,
        GraphicTypeValues,
        RelationshipTypeValues,
        ScoordContentItem,
        SourceImageForRegion,
    )

    source = image.source.dataset
    columns, rows = source.Columns, source.Rows
    border = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows), (0, 0)], dtype=np.float64)
    region = ScoordContentItem(
        DCM.SourceOfMeasurement,
        GraphicTypeValues.POLYLINE,
        border,
        relationship_type=RelationshipTypeValues.INFERRED_FROM,
    )
    region.ContentSequence = ContentSequence([SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID)])
    return region
