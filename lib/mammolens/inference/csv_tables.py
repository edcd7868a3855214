"""Results as two CSV files: a row per image, and a row per exam."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from mammolens.files import atomic_file
from mammolens.inference.exam_text import view_name
from mammolens.inference.finding_text import describe_findings
from mammolens.inference.findings import numbers_in_exams
from mammolens.types import AnomalyRecord, ExamKey

IMAGES_CSV, EXAMS_CSV = "images.csv", "exams.csv"
_OF_EXAM = (
    "patient",
    "exam",
    "exam_p_value",
    "exam_percentile",
    "exam_decile",
    "exam_category",
    "exam_score",
    "exam_is_anomalous",
    "asymmetry",
    "asymmetry_p_value",
)
_OF_IMAGE = (
    "path",
    "sop_instance_uid",
    "patient",
    "exam",
    "laterality",
    "view",
    "p_value",
    "percentile",
    "category",
    "breast_p_value",
    "breast_decile",
    "breast_category",
    "pred_score",
    "raw_score",
    "is_anomalous",
    "acquisition_group",
)
_OF_MODEL = ("decision_rule", "model", "calibration", "notice")
_Cell = str | int | float | None


def write_tables(records: Sequence[AnomalyRecord], folder: Path) -> None:
    """Write ``images.csv`` and ``exams.csv``, UTF-8, in the order of the records.

    Args:
        records: of whole exams.
        folder: to write to; files of an earlier run are replaced.
    """
    exams: dict[ExamKey, list[AnomalyRecord]] = {}
    for record in records:
        exams.setdefault((record.patient, record.exam), []).append(record)
    rows = [_image_row(record, own) for record, own in zip(records, numbers_in_exams(records), strict=True)]
    _write(folder / IMAGES_CSV, rows)
    _write(folder / EXAMS_CSV, [_exam_row(own) for own in exams.values()])


def _image_row(record: AnomalyRecord, numbers: Sequence[int]) -> dict[str, _Cell]:
    return {
        **_fields(record, _OF_IMAGE),
        "findings": "; ".join(describe_findings(record, numbers)),
        "quality_flags": " ".join(record.quality_flags),
        **_fields(record, _OF_MODEL),
    }


def _exam_row(records: Sequence[AnomalyRecord]) -> dict[str, _Cell]:
    flags = dict.fromkeys(flag for record in records for flag in record.quality_flags)
    return {
        **_fields(records[0], _OF_EXAM),
        "images": len(records),
        "views": ", ".join(view_name(record.laterality, record.view) for record in records),
        "findings": sum(len(record.findings) for record in records),
        "quality_flags": " ".join(flags),
        **_fields(records[0], _OF_MODEL),
    }


def _fields(record: AnomalyRecord, names: Sequence[str]) -> dict[str, _Cell]:
    values = record.model_dump(mode="json", include=set(names))
    return {name: values[name] for name in names}


def _write(path: Path, rows: Sequence[Mapping[str, _Cell]]) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]) if rows else [])
        table.writeheader()
        table.writerows(rows)
