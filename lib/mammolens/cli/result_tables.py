"""Results as tables for people, in eighty columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from rich.box import SIMPLE
from rich.table import Table

from mammolens import RESEARCH_USE_ONLY
from mammolens.inference.exam_text import beyond_calibration, patient_text
from mammolens.inference.finding_text import describe_findings
from mammolens.inference.findings import numbers_in_exams
from mammolens.inference.flag_explanations import explanations
from mammolens.types import AnomalyRecord

_PATIENT, _IMAGE = 10, 14  # columns of a name


def result_tables(records: Sequence[AnomalyRecord]) -> list[Table]:
    """The table of scores, and that of findings where there are some."""
    found = any(record.findings for record in records)
    return [score_table(records), findings_table(records)] if found else [score_table(records)]


def score_table(records: Sequence[AnomalyRecord]) -> Table:
    """A table of scores, the most anomalous exam first; the notes below explain the quality flags."""
    noted = chain.from_iterable(_notes(record) for record in records)
    notes = {sentence: number for number, sentence in enumerate(dict.fromkeys(noted), 1)}
    caption = ["score: of the exam, 1 to 10, the tenth of normal exams that it falls in; 10 is the most anomalous"]
    caption += ["image %, exam %: share of normal images and exams that are less anomalous"]
    if any(_exam_percent(record).startswith(">") for record in records):
        caption.append("exam % with '>': the exam scores higher than every normal exam of the calibration")
    caption += [
        f"flagged: the exam; the model {rule}" for rule in dict.fromkeys(record.decision_rule for record in records)
    ]
    caption += [f"note {number}: {sentence}" for sentence, number in notes.items()]
    table = Table(title=RESEARCH_USE_ONLY, caption="\n".join(caption), box=SIMPLE, collapse_padding=True)
    table.title_justify = table.caption_justify = "left"
    for heading in ("patient", "image", "view", "image %", "exam %", "score", "flagged", "notes"):
        figure = heading in ("score", "image %", "exam %")
        table.add_column(heading, justify="right" if figure else "left", no_wrap=heading != "notes", overflow="fold")
    for record in _most_anomalous_first(records):
        table.add_row(
            _shortened(patient_text(record.patient), _PATIENT),
            _shortened(Path(record.path).name, _IMAGE),
            f"{record.laterality or '?'} {record.view or '?'}",
            str(int(record.percentile)),
            _exam_percent(record),
            str(record.exam_decile),
            "yes" if record.exam_is_anomalous else "no",
            ", ".join(str(number) for number in sorted(notes[sentence] for sentence in _notes(record))),
        )
    return table


def findings_table(records: Sequence[AnomalyRecord]) -> Table:
    """The findings of each image by the numbers of its overlay picture, in the order of :func:`score_table`."""
    table = Table(title="findings", box=SIMPLE)
    table.title_justify = "left"
    for heading in ("patient", "image", "finding"):
        table.add_column(heading, overflow="fold")
    numbers = {id(record): own for record, own in zip(records, numbers_in_exams(records), strict=True)}
    for record in _most_anomalous_first(records):
        lines = describe_findings(record, numbers[id(record)])
        if lines:
            names = _shortened(patient_text(record.patient), _PATIENT), _shortened(Path(record.path).name, _IMAGE)
            table.add_row(*names, "\n".join(lines))
    return table


def _shortened(name: str, width: int) -> str:
    """The name without its middle, if it is longer: ids differ at the end, and a wrapped one cannot be found again."""
    return name if len(name) <= width else f"{name[:4]}\N{HORIZONTAL ELLIPSIS}{name[5 - width :]}"


def _notes(record: AnomalyRecord) -> list[str]:
    return explanations(record.quality_flags, record.outlying_statistic, record.unusable_attributes)


def _most_anomalous_first(records: Sequence[AnomalyRecord]) -> list[AnomalyRecord]:
    def anomaly(record: AnomalyRecord) -> tuple[float, float, str, float, float]:
        return record.exam_p_value, -record.exam_score, record.exam, record.p_value, -record.pred_score

    return sorted(records, key=anomaly)


def _exam_percent(record: AnomalyRecord) -> str:
    beyond = beyond_calibration(record.exam_percentile, record.exam_calibration_patients)
    return f"{'>' if beyond else ''}{int(record.exam_percentile)}"
