"""An evaluation as one self-contained HTML file: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mammolens.evaluation.markdown_page import summary
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.pictures import Mistake, Picture
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.sections import sections
from mammolens.evaluation.texts import LABELS, UNDEFINED, interval_text, metric_text
from mammolens.report_page import render_page

_TEMPLATE: Final = "report.html.j2"
_HEADLINE: Final = (
    Metric.AUROC,
    Metric.AUROC_WITHIN_SITES,
    Metric.AUROC_BREAST,
    Metric.AUROC_EXAM,
    Metric.FALSE_POSITIVE_RATE_EXAM,
)
_HEADINGS: Final = {
    Mistake.FALSE_POSITIVE: "False positives: normal with the highest scores",
    Mistake.MISS: "Misses: abnormal with the lowest scores",
}


def html(
    evaluation: Evaluation,
    *,
    title: str,
    model: str,
    notes: Sequence[str],
    figures: Mapping[str, bytes],
    pictures: Sequence[Picture] = (),
) -> str:
    """The page as text; every text is escaped.

    Args:
        figures: content of PNG files by the names that sections give.
        pictures: of the worst mistakes.
    """
    found = list(sections(evaluation))
    remarks = [*evaluation.caveats, *notes]
    links = [(f"s{number}", section.heading) for number, section in enumerate(found, 1)]
    links += [("pictures", "Worst errors")] if pictures else []
    links += [("notes", "Notes")] if remarks else []
    return render_page(
        "mammolens.evaluation",
        _TEMPLATE,
        title=title,
        summary=summary(evaluation, model),
        cards=list(_headline(evaluation)),
        links=links,
        sections=found,
        figures={name: _data_uri(content) for name, content in figures.items()},
        pictures=list(_by_mistake(pictures)),
        remarks=remarks,
    )


def _headline(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    everything = evaluation.groups[0]
    for metric in _HEADLINE:
        if (text := metric_text(everything, metric)) != UNDEFINED:
            yield LABELS[metric], text
    for found in evaluation.maps[:1]:
        yield "AUROC, pixels on lesions", interval_text(found.pixel_auroc)
        yield "Strongest spot on a lesion", interval_text(found.hit_rate, percent=True)


def _by_mistake(pictures: Sequence[Picture]) -> Iterator[tuple[str, list[Picture]]]:
    for mistake, heading in _HEADINGS.items():
        if members := [picture for picture in pictures if picture.mistake is mistake]:
            yield heading, members


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
