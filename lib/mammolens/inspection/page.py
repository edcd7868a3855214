"""An inspection as one HTML file that is complete in itself."""

from __future__ import annotations

from collections.abc import Container
from itertools import groupby
from typing import Final

from mammolens.inspection.contact_sheet import ContactSheet
from mammolens.inspection.results import InspectedImage, Inspection
from mammolens.inspection.sources import ImageSource
from mammolens.inspection.tables import headline, summary_text, tables
from mammolens.report_page import render_page

_TEMPLATE: Final = "inspection.html.j2"
_SHEET: Final = "sheet"


def page(found: Inspection, source: ImageSource, sheet: ContactSheet) -> str:
    """The page as text; every text is escaped.

    Args:
        found: in ``source``.
        source: that was inspected.
        sheet: with the pictures.
    """
    sections = list(tables(found))
    exams = _exams(found, source, sheet)
    links = [(f"s{number}", table.heading) for number, table in enumerate(sections, 1)]
    return render_page(
        "mammolens.inspection",
        _TEMPLATE,
        title=f"What {found.source} holds",
        summary=summary_text(found),
        cards=headline(found),
        links=[*links, (_SHEET, "Contact sheet")] if exams else links,
        tables=sections,
        exams=exams,
        shown=sum(len(pictures) for _, pictures in exams),
        totals=found.totals,
        citation=" ".join(
            f"{text.rstrip('.')}." for text in (found.citation, found.licence and f"Licence: {found.licence}") if text
        ),
    )


def _exams(found: Inspection, source: ImageSource, sheet: ContactSheet) -> list[tuple[str, list[dict[str, object]]]]:
    """The exams with pictures, named, and each picture with what is known of its image."""
    files = {image.name: image.path for image in source.images}
    common = {one.flag for one in found.flags if one.images == found.totals.usable}
    shown = [(image, uri) for image in found.images if (uri := sheet.data_uri(files[image.path]))]
    named = groupby(shown, key=lambda pair: _exam_name(pair[0]))
    return [(name, [_picture(image, uri, common) for image, uri in members]) for name, members in named]


def _exam_name(image: InspectedImage) -> str:
    patient = f"Patient {image.patient}" if image.patient else "Patient unknown"
    return patient if image.exam in (None, image.patient) else f"{patient}, exam {image.exam}"


def _picture(image: InspectedImage, uri: str, common: Container[str]) -> dict[str, object]:
    """What the template shows of an image, without the flags that all have."""
    truth = {True: "abnormal", False: "normal", None: None}[image.abnormal]
    return {
        "uri": uri,
        "view": image.view_name,
        "path": image.path,
        "known": ", ".join(text for text in (image.split, truth) if text),
        "flags": [flag.replace("_", " ") for flag in image.quality_flags if flag not in common],
        "refused": image.refused,
    }
