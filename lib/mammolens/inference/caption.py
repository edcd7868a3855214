"""The words and the legend below an overlay picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from mammolens.dicom.derived.levels import level_colours
from mammolens.inference.exam_text import exam_score_text, exam_sentence, image_sentence, patient_text
from mammolens.inference.finding_text import describe_findings
from mammolens.inference.flag_explanations import explanations
from mammolens.inference.lettering import Lettering, lettering
from mammolens.inference.overlay import RgbImage
from mammolens.types import AnomalyRecord, AnomalyResult

_NARROWEST = 480  # pixels; narrower pictures are put on a wider sheet
_PAPER, _INK, _FAINT = (16, 16, 16), (235, 235, 235), (150, 150, 150)


def annotated(picture: RgbImage, result: AnomalyResult, *, with_exam: bool = True) -> Image.Image:
    """Put the picture on a sheet with a caption as wide as it takes, the colours' meaning and the notice.

    Args:
        picture: ``(rows, cols, 3)`` uint8.
        result: of the image.
        with_exam: include the exam's score, which changes when a view is added.
    """
    image = Image.fromarray(picture)
    width = max(image.width, _NARROWEST)
    size = min(24, max(15, width // 44))
    font, line = lettering(size), round(size * 1.45)
    texts = caption_lines(result, with_exam=with_exam)
    lines = [part for text in texts for part in wrapped(text, font, width - 2 * size)]
    small = list(wrapped(provenance(result.record), font, width - 2 * size))
    legend = 2 * line
    sheet = Image.new("RGB", (width, image.height + line * (len(lines) + len(small) + 2) + legend), _PAPER)
    sheet.paste(image, ((width - image.width) // 2, 0))
    pen, top = ImageDraw.Draw(sheet), image.height + line // 2
    for text in lines:
        font.draw(pen, (size, top), text, _INK)
        top += line
    _draw_legend(sheet, result.record, font, (size, top + line // 4))
    top += legend + line // 2
    for text in small:
        font.draw(pen, (size, top), text, _FAINT)
        top += line
    return sheet


def caption_lines(result: AnomalyResult, *, with_exam: bool = True) -> list[str]:
    """The caption of a picture; without the exam, only what follows from the image alone."""
    record = result.record
    side = {"L": "left", "R": "right"}.get(record.laterality or "", "side unknown")
    return [
        f"{patient_text(record.patient)}: {side} {record.view or 'view unknown'}",
        *([f"Exam: {exam_score_text(record)}. {exam_sentence(record)}"] if with_exam else []),
        f"Image: {image_sentence(record)}",
        f"{_decision(record, with_exam=with_exam)} {_heat(result)}",
        *describe_findings(record, result.finding_numbers),
        *(
            f"Note: {sentence}"
            for sentence in explanations(record.quality_flags, record.outlying_statistic, record.unusable_attributes)
        ),
    ]


def provenance(record: AnomalyRecord) -> str:
    """The notice and the model."""
    return f"{record.notice}. Model {record.model}."


def wrapped(text: str, font: Lettering, width: float) -> Iterator[str]:
    """Break a text between words, and words that are too long anywhere, so that each line fits."""
    line = ""
    for word in text.split():
        if line and font.getlength(f"{line} {word}") > width:
            yield line
            line = ""
        line = f"{line} {word}".strip()
        while font.getlength(line) > width and len(line) > 1:
            fits = next(end for end in range(len(line) - 1, 0, -1) if end == 1 or font.getlength(line[:end]) <= width)
            yield line[:fits]
            line = line[fits:]
    if line:
        yield line


def _decision(record: AnomalyRecord, *, with_exam: bool) -> str:
    if record.threshold is None and not (with_exam and record.exam_is_anomalous):
        return "Cannot be flagged: the model was calibrated on too few normal patients."
    exam, image = (("FLAGGED" if flag else "not flagged") for flag in (record.exam_is_anomalous, record.is_anomalous))
    of_whom = f"Exam {exam}, this image" if with_exam else "This image alone"
    return f"{of_whom} {image}. The model {record.decision_rule}."


def _heat(result: AnomalyResult) -> str:
    peak = result.anomaly_map.max()
    highest = sum(bool(peak >= np.float32(start)) for start in result.record.levels.values())
    if not highest:
        return "No region reaches a heat level."
    return f"Highest heat level: '{list(result.record.levels)[highest - 1]}'."


def _draw_legend(sheet: Image.Image, record: AnomalyRecord, font: Lettering, corner: tuple[int, int]) -> None:
    """The ramp of colours, each level's name below the position where it begins."""
    left, top = corner
    names, pen = list(record.levels), ImageDraw.Draw(sheet)
    height = round(font.getlength("M"))
    widest = max(font.getlength(name) for name in names)
    length = max(height, min(sheet.width - 2 * left - round(widest), round(len(names) * widest * 1.6)))
    colours = level_colours(np.linspace(0, 1, length, dtype=np.float32))
    bar = np.repeat(colours[None], height, axis=0).astype(np.uint8)
    sheet.paste(Image.fromarray(bar), (left, top))
    for name, at in zip(names, np.linspace(0, 1, len(names)), strict=True):
        x = left + round(at * (length - 1))
        pen.line([(x, top + height), (x, top + height + height // 3)], fill=_INK)
        left_of_name = x - font.getlength(name) / 2 if at else x
        font.draw(pen, (left_of_name, top + height + height // 3), name, _INK)
