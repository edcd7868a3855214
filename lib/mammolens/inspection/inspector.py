"""Inspect a source: headers first, then pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mammolens.dicom.identity import stored_values_digest, with_identity
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.enums import AttributeSource, QualityFlag, SpacingSource
from mammolens.errors import InputError
from mammolens.inspection.contact_sheet import ContactSheet, pixels_digest
from mammolens.inspection.facts import FileFacts, facts_of
from mammolens.inspection.results import InspectedImage, Inspection
from mammolens.inspection.sources import ImageSource, SourceImage
from mammolens.inspection.summary import summarised
from mammolens.types import ImageAttributes, ImageHeader

if TYPE_CHECKING:  # headers alone need no torch
    from mammolens.inference.predictor import Predictor

OnImage = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an image so far; without a header, ``refusal`` says why."""

    source: SourceImage
    facts: FileFacts
    header: ImageHeader | None = None
    refusal: InputError | None = None
    digest: str | None = None


class Inspector:
    """Inspects the images of a source, step by step.

    Args:
        source: the images.
    """

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._images: list[_Known] = []
        self._attributes: dict[Path, ImageAttributes] = {}
        self._model: str | None = None

    def read_headers(self, on_image: OnImage) -> None:
        """Read all headers and identify patients, exams and images.

        Args:
            on_image: called after each image.
        """
        self._images = []
        for image in self._source.images:
            self._images.append(_with_header(image))
            on_image()
        headers = {known.source.path: known.header for known in self._images if known.header is not None}
        self._attributes = with_identity(
            headers, {known.source.path: known.source.attributes for known in self._images}
        )
        self._images = [replace(known, header=self._identified(known)) for known in self._images]

    def read_pixels(self, predictor: Predictor, sheet: ContactSheet, on_image: OnImage) -> None:
        """Read the pixels of the images whose headers are accepted: what else is refused, flagged, or the same image.

        Args:
            predictor: whose preprocessing and calibration decide; its networks are not run.
            sheet: takes the pictures of some of them.
            on_image: called after each image, accepted or not.
        """
        self._model = f"{predictor.model_id}, calibration {predictor.calibration_id}"
        sheet.choose([known.header for known in self._images if known.header is not None])
        for place, known in enumerate(self._images):
            if known.header is not None:
                self._images[place] = self._with_pixels(known, known.header, predictor, sheet)
            on_image()

    def result(self) -> Inspection:
        """What was found so far."""
        images = [_inspected(known) for known in self._images]
        contents = [known.digest for known in self._images]
        studies = [known.header.study_instance_uid if known.header else None for known in self._images]
        return summarised(self._source, images, contents, studies, self._model)

    def _identified(self, known: _Known) -> ImageHeader | None:
        header = known.header
        if header is None:
            return None
        attributes = self._attributes[known.source.path]
        substitute = attributes.sop_instance_uid
        flags = (*attributes.identity_doubts, *((QualityFlag.SUBSTITUTE_UID,) if substitute else ()))
        return replace(header, sop_instance_uid=substitute or header.sop_instance_uid).flagged(*flags)

    def _with_pixels(self, known: _Known, header: ImageHeader, predictor: Predictor, sheet: ContactSheet) -> _Known:
        try:
            with self._source.open(known.source) as path:
                mammogram = read_mammogram(path, self._attributes[known.source.path])
                digest = stored_values_digest(path) or pixels_digest(mammogram.pixels)
                sheet.offer(header, mammogram.pixels)
                flagged = predictor.flagged_header(mammogram)
        except InputError as error:
            return replace(known, refusal=error)
        return replace(known, header=replace(flagged, path=header.path), digest=digest)


def _with_header(image: SourceImage) -> _Known:
    if image.refusal is not None:
        return _Known(image, FileFacts(), refusal=image.refusal)
    facts = facts_of(image.path, image.transfer_syntax_uid)
    try:
        return _Known(image, facts, read_header(image.path, image.attributes))
    except InputError as error:
        return _Known(image, facts, refusal=error)


def _inspected(known: _Known) -> InspectedImage:
    image, facts, header, refusal = known.source, known.facts, known.header, known.refusal
    spacing = header.spacing if header else None
    return InspectedImage(
        path=image.name,
        refused=refusal.reason if refusal else None,
        remedy=refusal.remedy if refusal else None,
        quality_flags=list(header.flags) if header else [],
        unusable_attributes=list(header.unusable_attributes) if header else [],
        patient=header.patient_id if header else None,
        exam=header.exam_id if header else None,
        sop_instance_uid=header.sop_instance_uid if header else None,
        laterality=header.laterality if header else None,
        laterality_source=header.laterality_source if header else AttributeSource.UNKNOWN,
        view=header.view if header else None,
        view_source=header.view_source if header else AttributeSource.UNKNOWN,
        acquisition_group=header.acquisition_group if header else None,
        rows=facts.rows,
        columns=facts.columns,
        pixel_size_mm=(spacing.between_rows, spacing.between_columns) if spacing else None,
        spacing_source=spacing.source if spacing else SpacingSource.NONE,
        file_format=facts.file_format,
        transfer_syntax=facts.transfer_syntax,
        split=image.split,
        site=image.site,
        abnormal=image.abnormal,
        clean_normal=image.clean_normal,
        has_lesions=image.has_lesions,
    )
