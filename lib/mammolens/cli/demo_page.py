"""What ``mammolens demo`` found, as one HTML page and as a table, compared with what is known."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.demo_exams import DemoExam
from mammolens.enums import NormalityCategory
from mammolens.inference.exam_text import exam_score_text, exam_sentence, image_sentence, view_name
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.known_lesions import KnownLesion, compare_with_known
from mammolens.types import AnomalyRecord

_LONGEST = 800  # pixels of a picture on the page


@dataclass(frozen=True, slots=True)
class DemoResult:
    """An exam of the demo with the records of its views, in the order of its files."""

    exam: DemoExam
    records: tuple[AnomalyRecord, ...]

    @property
    def of_exam(self) -> AnomalyRecord:
        """A record whose numbers of the exam count: they are the same in all."""
        return self.records[0]

    @property
    def known(self) -> list[KnownLesion]:
        """The marked lesions of all views, each found or missed."""
        views = zip(self.records, self.exam.lesions.values(), self.finding_numbers, strict=True)
        return [known for record, lesions, own in views for known in compare_with_known(record, lesions, own)]

    @property
    def finding_numbers(self) -> list[list[int]]:
        """Of the findings of each view: 1 is the strongest of the exam."""
        return numbers_by_strength([record.findings for record in self.records])


def demo_results(exams: Sequence[DemoExam], records: Sequence[AnomalyRecord]) -> list[DemoResult]:
    """The exams with their records, the most anomalous first; an exam of which a view failed is left out."""
    by_path = {Path(record.path): record for record in records}
    results = [
        DemoResult(exam, tuple(by_path[file] for file in exam.files))
        for exam in exams
        if all(file in by_path for file in exam.files)
    ]
    return sorted(results, key=lambda result: (result.of_exam.exam_p_value, -result.of_exam.exam_score))


def demo_table(results: Sequence[DemoResult]) -> Table:
    """A line an exam, in eighty columns."""
    table = Table(title=RESEARCH_USE_ONLY, box=SIMPLE)
    table.title_justify = "left"
    for heading in ("exam", "score", "category", "lesions found"):
        table.add_column(heading, no_wrap=True)
    for result in results:
        record, known = result.of_exam, result.known
        table.add_row(
            result.exam.title,
            f"{record.exam_decile} of 10",
            NormalityCategory(record.exam_category).label if record.exam_category else "-",
            f"{_found(known)} of {len(known)}" if known else "none marked",
        )
    return table


def demo_page(
    results: Sequence[DemoResult], overlays: Mapping[Path, Path], viewers: Mapping[str, str], citation: str
) -> str:
    """The page as text, in a single file.

    Args:
        results: the most anomalous first.
        overlays: the overlay picture of each file.
        viewers: addresses of the viewer by Patient ID; empty while no server runs.
        citation: of the films.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from mammolens.dicom.derived.levels import colours_of

    environment = Environment(loader=PackageLoader("mammolens.cli"), autoescape=True, undefined=StrictUndefined)
    record = results[0].of_exam
    return environment.get_template("demo.html.j2").render(
        notice=RESEARCH_USE_ONLY,
        summary=_summary(results),
        colours=[f"rgb{colour}" for colour in colours_of(len(record.levels))],
        exams=[_exam(result, overlays, viewers) for result in results],
        rule=f"The model {record.decision_rule}.",
        model=record.model,
        citation=citation,
    )


def _summary(results: Sequence[DemoResult]) -> str:
    flagged = [result.exam.title for result in results if result.of_exam.exam_is_anomalous]
    known = [one for result in results for one in result.known]
    named = f"Flagged as unusual: {'; '.join(flagged)}." if flagged else "No exam is flagged as unusual."
    missed = len(known) - _found(known)
    return f"{named} Of {len(known)} marked lesions in the images, the model found {_found(known)} and missed {missed}."


def _exam(result: DemoResult, overlays: Mapping[Path, Path], viewers: Mapping[str, str]) -> dict[str, Any]:
    record = result.of_exam
    return {
        "title": result.exam.title,
        "flagged": record.exam_is_anomalous,
        "score": exam_score_text(record),
        "sentence": exam_sentence(record),
        "truth": result.exam.truth,
        "viewer": viewers.get(record.patient, ""),
        "views": [
            _view(record, result.exam, file, overlays[file], numbers)
            for file, record, numbers in sorted(
                zip(result.exam.files, result.records, result.finding_numbers, strict=True), key=_hanging
            )
        ],
    }


def _view(record: AnomalyRecord, exam: DemoExam, file: Path, overlay: Path, numbers: Sequence[int]) -> dict[str, Any]:
    lesions = exam.lesions[file]
    return {
        "name": view_name(record.laterality, record.view),
        "sentence": image_sentence(record),
        "picture": _picture(overlay, record),
        "rows": record.rows,
        "columns": record.columns,
        "outlines": [" ".join(f"{x + 0.5:.0f},{y + 0.5:.0f}" for x, y in lesion.outline()) for lesion in lesions],
        "known": [
            {"found": one.finding is not None, "text": f"found (finding {one.finding})" if one.finding else "missed"}
            for one in compare_with_known(record, lesions, numbers)
        ],
    }


def _hanging(view: tuple[Path, AnomalyRecord, Sequence[int]]) -> tuple[bool, bool]:
    """CC before MLO, and the right breast on the left, as readers hang films."""
    return view[1].view != "CC", view[1].laterality != "R"


def _picture(overlay: Path, record: AnomalyRecord) -> str:
    """The image with heat and findings, without the caption below it, as a data URI."""
    from PIL import Image

    from mammolens.inference.overlay import reduced_shape

    with Image.open(overlay) as sheet:
        rows, columns = reduced_shape((record.rows, record.columns))
        left = (sheet.width - columns) // 2
        picture = sheet.crop((left, 0, left + columns, rows)).convert("RGB")
    picture.thumbnail((_LONGEST, _LONGEST))
    content = io.BytesIO()
    picture.save(content, format="JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


def _found(known: Sequence[KnownLesion]) -> int:
    return sum(one.finding is not None for one in known)
