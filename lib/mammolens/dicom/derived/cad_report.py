"""An exam's findings as Mammography CAD SR (PS3.3 A.35.5), by PS3.16 TID 4000.

It reports only what is known: suspicious regions, each of type 'Selected region', the only kind of finding that claims
no lesion and for which the template excludes a probability of cancer. It contains no impression of disease, no
assessment category, no certainty and no recommendation.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from mammolens import RESEARCH_USE_ONLY
from mammolens.dicom.derived import content_items as items
from mammolens.dicom.derived.cad_image_library import image_library
from mammolens.dicom.derived.content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_PROPERTIES,
    INFERRED_FROM,
    SELECTED_FROM,
)
from mammolens.dicom.derived.equipment import MANUFACTURER, PRODUCT
from mammolens.dicom.derived.exam import (
    ReportedExam,
    ReportedImage,
    describe_flags,
    exam_sentence,
    outline_of,
    peak_of,
)
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.sr_document import document
from mammolens.dicom.derived.standard_codes import DCM
from mammolens.types import AnomalyRecord, Finding

MAMMOGRAPHY_CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
# Places of items in the tree: the root is 1, and the library its second item.
_IMAGE_LIBRARY = (1, 2)
_ENGLISH = Code("en", "RFC5646", "English")
# Workstations show no optional marks, or only on request; findings are the strongest of the image already (CID 6034).
_REQUIRED = DCM.PresentationRequiredRenderingDeviceIsExpectedToPresent


def cad_report_of(exam: ReportedExam) -> Dataset:
    """The Mammography CAD SR of an exam."""
    return document(DerivedKind.CAD_REPORT, MAMMOGRAPHY_CAD_SR, exam, _content(exam))


def _content(exam: ReportedExam) -> Dataset:
    """The root of the content tree (TID 4000)."""
    return items.container(
        None,
        DCM.MammographyCADReport,
        items.code(HAS_CONCEPT_MOD, DCM.LanguageOfContentItemAndDescendants, _ENGLISH),
        image_library(exam),
        _findings_summary(exam),
        _summary_of_detections(exam),
        # The exam's numbers are not an analysis that CID 6043 has a code for.
        items.code(CONTAINS, DCM.SummaryOfAnalyses, DCM.NotAttempted),
        template="4000",
    )


def _findings_summary(exam: ReportedExam) -> Dataset:
    """What was found in all (TID 4001), and each image's findings inferred from it (TID 4003)."""
    impressions = [_impression(image, number) for number, image in enumerate(exam.images, 1) if image.record.findings]
    found = DCM.AllAlgorithmsSucceededWithFindings
    nothing = DCM.AllAlgorithmsSucceededWithoutFindings
    return items.code(
        CONTAINS,
        DCM.CADProcessingAndFindingsSummary,
        found if impressions else nothing,
        items.text(HAS_PROPERTIES, DCM.ImpressionDescription, _overall_words(exam)),
        *_algorithm(HAS_PROPERTIES, exam.record),
        *impressions,
    )


def _overall_words(exam: ReportedExam) -> str:
    """TID 4002: the exam's number, and what speaks against trusting each image."""
    reservations = [f"{image.name}: {describe_flags(image.record)}." for image in exam.images]
    return " ".join((f"{RESEARCH_USE_ONLY}.", exam_sentence(exam.record), "Reservations:", *reservations))


def _impression(image: ReportedImage, number: int) -> Dataset:
    return items.container(
        INFERRED_FROM,
        DCM.IndividualImpressionRecommendation,
        items.code(HAS_CONCEPT_MOD, DCM.RenderingIntent, _REQUIRED),
        *(_single_image_finding(image, number, finding, words) for _, finding, words in image.findings()),
    )


def _single_image_finding(image: ReportedImage, number: int, finding: Finding, words: str) -> Dataset:
    """TID 4006 with its location, TID 4021."""
    of_image = items.by_reference(SELECTED_FROM, *_IMAGE_LIBRARY, number)
    outline = outline_of(finding)
    return items.code(
        CONTAINS,
        DCM.SingleImageFinding,
        DCM.SelectedRegion,
        items.code(HAS_CONCEPT_MOD, DCM.RenderingIntent, _REQUIRED),
        *_algorithm(HAS_PROPERTIES, image.record),
        items.place(HAS_PROPERTIES, DCM.Center, "POINT", peak_of(finding), of_image),
        items.place(HAS_PROPERTIES, DCM.Outline, "POLYLINE", outline, of_image),
        items.text(HAS_PROPERTIES, DCM.SelectedRegionDescription, f"{words}. {RESEARCH_USE_ONLY}"),
    )


def _summary_of_detections(exam: ReportedExam) -> Dataset:
    """TID 4015 and 4017: one algorithm analysed all images."""
    performed = items.code(
        CONTAINS,
        DCM.DetectionPerformed,
        DCM.SelectedRegion,
        *_algorithm(HAS_PROPERTIES, exam.record),
        *(items.by_reference(HAS_PROPERTIES, *_IMAGE_LIBRARY, number) for number in range(1, len(exam.images) + 1)),
    )
    detections = items.container(INFERRED_FROM, DCM.SuccessfulDetections, performed)
    return items.code(CONTAINS, DCM.SummaryOfDetections, DCM.Succeeded, detections)


def _algorithm(relationship: str, record: AnomalyRecord) -> list[Dataset]:
    """TID 4019."""
    return [
        items.text(relationship, DCM.AlgorithmName, PRODUCT),
        items.text(relationship, DCM.AlgorithmVersion, record.model),
        items.text(relationship, DCM.AlgorithmManufacturer, MANUFACTURER),
        items.text(relationship, DCM.AlgorithmParameters, f"calibration={record.calibration}"),
    ]
