"""The images that a Mammography CAD SR speaks of (PS3.16 TID 4000 row 3, TID 4020)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from mammolens.dicom.derived import content_items as items
from mammolens.dicom.derived.content_items import CONTAINS, HAS_ACQ_CONTEXT
from mammolens.dicom.derived.exam import ReportedExam, ReportedImage
from mammolens.dicom.derived.sides_and_views import BREASTS, VIEWS
from mammolens.dicom.derived.standard_codes import DCM
from mammolens.enums import Laterality, ViewPosition


def image_library(exam: ReportedExam) -> Dataset:
    """A container with an entry an image, in their order."""
    entries = (items.image(CONTAINS, image.source.dataset, *_context(image)) for image in exam.images)
    return items.container(CONTAINS, DCM.ImageLibrary, *entries)


def _context(image: ReportedImage) -> Iterator[Dataset]:
    """Side, view, orientation and pixel size, as far as they are known."""
    header = image.source.header
    if image.record.laterality:
        side = BREASTS[Laterality(image.record.laterality)]
        yield items.code(HAS_ACQ_CONTEXT, DCM.ImageLaterality, side)
    if image.record.view:
        yield items.code(HAS_ACQ_CONTEXT, DCM.ImageView, VIEWS[ViewPosition(image.record.view)])
    if header.patient_orientation:
        row, column = header.patient_orientation
        yield items.text(HAS_ACQ_CONTEXT, DCM.PatientOrientationRow, row)
        yield items.text(HAS_ACQ_CONTEXT, DCM.PatientOrientationColumn, column)
    if header.spacing:
        horizontal, vertical = header.spacing.between_columns, header.spacing.between_rows
        yield items.millimetres(HAS_ACQ_CONTEXT, DCM.HorizontalPixelSpacing, horizontal)
        yield items.millimetres(HAS_ACQ_CONTEXT, DCM.VerticalPixelSpacing, vertical)
