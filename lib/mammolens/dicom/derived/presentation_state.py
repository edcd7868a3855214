"""Findings as Grayscale Softcopy Presentation State (PS3.3 A.33.1): outlines and words that a workstation can hide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from textwrap import wrap
from typing import Any, NamedTuple

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from mammolens import RESEARCH_USE_ONLY
from mammolens.dicom.derived.display_pipeline import with_display_of, without_display
from mammolens.dicom.derived.equipment import PRODUCT, identification
from mammolens.dicom.derived.exam import ReportedImage, outline_of
from mammolens.dicom.derived.finalising import finalised
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.levels import LEVEL_COLOURS, cielab_of
from mammolens.dicom.derived.source import Source
from mammolens.errors import InputError
from mammolens.types import AnomalyRecord, AnomalyResult, ImageHeader

FINDINGS_LAYER, WORDS_LAYER = "FINDINGS", "WORDS"
_LONGEST_TEXT = 1024  # characters of VR ST (PS3.5 6.2)
_WORDS_LEFT, _WORDS_RIGHT, _WORDS_BOTTOM = 0.02, 0.98, 0.98  # shares of the displayed area
_LEAST_WORDS_HEIGHT = 0.14  # of the displayed area
_LINE_HEIGHT = 0.02  # of the displayed area
_LINE_LENGTH = 72  # characters; viewers need not break lines (PS3.3 C.10.5), and DICOMscope cuts longer ones
_LINE_BREAK = "\r\n"
_NUMBER_SIZE = 0.03  # of the image's rows
_LARGEST_RATIO = 10_000  # of numerator and denominator of an aspect ratio


class ImageTexts(NamedTuple):
    """What is written on an image.

    Attributes:
        image: a sentence on the whole image.
        findings: each finding of the record in words.
    """

    image: str
    findings: Sequence[str]


def presentation_state_of(result: AnomalyResult, source: Source, texts: ImageTexts) -> Dataset:
    """The presentation state of an image.

    Outlines and numbers are the layer ``FINDINGS``, words the layer ``WORDS``. It contains nothing of the exam, as its
    UID follows from the image alone: findings are numbered within the image, the strongest first. Grey values are
    displayed as the image's header says.

    Args:
        result: of the image.
        source: its header.
        texts: what is written on it.

    Raises:
        InputError: the image is in colour.
    """
    from highdicom.color import CIELabColor
    from highdicom.pr import GraphicLayer, GrayscaleSoftcopyPresentationState

    if int(source.dataset.get("SamplesPerPixel") or 1) != 1:
        reason = "is a colour image, to which no grayscale presentation state applies"
        raise InputError(source.header.path, reason, "ask for a secondary_capture in place of a presentation_state")
    image = ReportedImage(source, result.record, texts.findings, range(1, len(result.record.findings) + 1))
    referenced = without_display(source.dataset)
    lightest = CIELabColor(*cielab_of(LEVEL_COLOURS[0]))
    layers = [
        GraphicLayer(FINDINGS_LAYER, 1, "Outlines of findings, research use only", lightest),
        GraphicLayer(WORDS_LAYER, 2, "Findings in words, research use only", lightest),
    ]
    dataset = GrayscaleSoftcopyPresentationState(
        referenced_images=[referenced],
        content_label="ANOMALY_FINDINGS",
        content_description="Findings, research use only",
        content_creator_name=f"{PRODUCT}^",
        graphic_layers=layers,
        graphic_annotations=list(_annotations(image, referenced, layers, texts.image)),
        **identification(DerivedKind.PRESENTATION_STATE, [source.dataset], result.record),
    )
    _set_displayed_area(dataset, source.header)
    dataset.Laterality = source.header.laterality or ""  # General Series, Type 2C (PS3.3 C.7.3.1)
    del dataset.ContentDate, dataset.ContentTime  # not of this IOD, which has Presentation Creation Date and Time
    return finalised(with_display_of(dataset, source.dataset), [source])


def _annotations(image: ReportedImage, referenced: Dataset, layers: Sequence[Any], sentence: str) -> Iterator[Any]:
    from highdicom.pr import AnnotationUnitsValues, GraphicAnnotation, TextJustificationValues, TextObject

    findings, words = layers
    if image.record.findings:
        yield GraphicAnnotation(
            [referenced], findings, graphic_objects=list(_outlines(image)), text_objects=list(_numbers(image))
        )
    lines = _words(image, sentence)
    top = _WORDS_BOTTOM - max(_LEAST_WORDS_HEIGHT, _LINE_HEIGHT * len(lines))
    text = TextObject(
        _LINE_BREAK.join(lines),
        AnnotationUnitsValues.DISPLAY,
        bounding_box=(_WORDS_LEFT, top, _WORDS_RIGHT, _WORDS_BOTTOM),
        text_justification=TextJustificationValues.LEFT,
    )
    yield GraphicAnnotation([referenced], words, text_objects=[text])


def _outlines(image: ReportedImage) -> Iterator[Any]:
    """Each finding's closed outline; its tracking UID is the one of the structured report."""
    from highdicom.pr import AnnotationUnitsValues, GraphicObject, GraphicTypeValues

    for number, finding, _ in image.findings():
        yield GraphicObject(
            GraphicTypeValues.POLYLINE,
            outline_of(finding),
            AnnotationUnitsValues.PIXEL,
            tracking_id=f"{image.name} {number}",
            tracking_uid=image.tracking_uid(number),
        )


def _numbers(image: ReportedImage) -> Iterator[Any]:
    """Each finding's number and level, right of its outline where there is room, else left of it."""
    from highdicom.pr import AnnotationUnitsValues, TextJustificationValues, TextObject

    rows, columns = image.record.rows, image.record.columns
    for number, finding, _ in image.findings():
        height = max(1.0, _NUMBER_SIZE * rows)
        width = min(0.5 * columns, 6 * height)
        left, top, right, _bottom = finding.bounding_box
        x = right + 1.0 if right + 1.0 + width <= columns else max(0.0, left - width)
        y = min(float(top), rows - height)
        yield TextObject(
            f"{number} {finding.level}",
            AnnotationUnitsValues.PIXEL,
            bounding_box=(x, y, x + width, y + height),
            text_justification=TextJustificationValues.LEFT,
        )


def _words(image: ReportedImage, sentence: str) -> list[str]:
    """Lines: the notice, the image's sentence and its findings by number, as many as fit; the model comes last."""
    model = _broken(f"{PRODUCT}, model {image.record.model}")
    texts = [f"{RESEARCH_USE_ONLY}.", f"Image: {sentence}", *_listed(image)]
    kept = [_broken(text) for text in texts]
    while _length(*kept, model) > _LONGEST_TEXT and len(kept) > 1:
        kept.pop()
    return [line for lines in (*kept, model) for line in lines]


def _broken(text: str) -> list[str]:
    """The lines of a text; all but its first are indented."""
    return wrap(text, _LINE_LENGTH, subsequent_indent="   ") or [""]


def _length(*texts: list[str]) -> int:
    return len(_LINE_BREAK.join(line for lines in texts for line in lines))


def _listed(image: ReportedImage) -> list[str]:
    listed = [f"{number}: {words}" for number, _, words in image.findings()] or ["No finding"]
    return [*listed, *_left_out(image.record)]


def _left_out(record: AnomalyRecord) -> list[str]:
    return [f"and {record.findings_left_out} more with lower peaks"] if record.findings_left_out else []


def _set_displayed_area(dataset: Dataset, header: ImageHeader) -> None:
    """The whole image as wide for its height as viewers show it (PS3.3 C.10.4); highdicom assumes square pixels."""
    column, row, _ = header.geometry.spacing
    ratio = Fraction(row / column).limit_denominator(_LARGEST_RATIO)
    (area,) = dataset.DisplayedAreaSelectionSequence
    area.PresentationPixelAspectRatio = [ratio.numerator, ratio.denominator]
    del area.PixelOriginInterpretation  # which is for images in tiles
    dataset.DisplayedAreaSelectionSequence = DicomSequence([area])
