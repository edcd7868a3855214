"""Read a report's scores, to evaluate again without the model."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from mammolens.config import FusionConfig, MembersConfig
from mammolens.datasets.csv_rows import CsvRow
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.localisation import Localisation
from mammolens.evaluation.records import EVALUATION_JSON
from mammolens.evaluation.scored import ScoredImage

Value = TypeVar("Value")
_REQUIRED: Final = ("path", "patient_id", "exam_id", "abnormal", "pred_score", "p_value", "is_anomalous")
_REMEDY: Final = "give scores.csv as `mammolens evaluate` wrote it"


@dataclass(frozen=True, slots=True)
class ScoredSet:
    """Scored images and what a report says about them besides."""

    images: tuple[ScoredImage, ...]
    title: str
    model: str
    notes: tuple[str, ...]
    alpha: float
    fusion: FusionConfig
    rule: DecisionRule
    ensemble: MembersConfig | None = None


def read_scored_set(scores: Path) -> ScoredSet:
    """Read ``scores.csv`` and the ``evaluation.json`` of its folder.

    Raises:
        DatasetError: one of them is missing or damaged.
    """
    source = scores.parent / EVALUATION_JSON
    try:
        stored = json.loads(source.read_text(encoding="utf-8"))
        fusion = _fusion(stored["fusion"])
        notes = tuple(str(note) for note in stored["notes"])
        about = (str(stored["title"]), str(stored["model"]), notes, float(stored["alpha"]), fusion)
        rule = DecisionRule(**stored["rule"])
        ensemble = _ensemble(stored.get("ensemble"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else f"damaged: {error}"
        raise DatasetError(source, f"cannot be read ({why})", f"put it next to {scores.name}") from error
    return ScoredSet(tuple(read_scores(scores)), *about, rule, ensemble)


def _ensemble(stored: object) -> MembersConfig | None:
    try:
        return None if stored is None else MembersConfig.model_validate(stored)
    except ValidationError as error:
        raise ValueError(f"ensemble is {stored!r}") from error


def _fusion(stored: object) -> FusionConfig:
    try:
        return FusionConfig.model_validate(stored)
    except ValidationError as error:
        raise ValueError(f"fusion is {stored!r}") from error


def read_scores(path: Path) -> list[ScoredImage]:
    """The images of a ``scores.csv``.

    Raises:
        DatasetError: naming the file, the line, the column and the remedy.
    """
    return [_image(row) for row in _rows(path)]


def _image(row: CsvRow) -> ScoredImage:
    return ScoredImage(
        path=Path(row.required("path")),
        patient_id=row.required("patient_id"),
        exam_id=row.required("exam_id"),
        abnormal=_flag(row, "abnormal"),
        site=row.text("site"),
        laterality=row.word("laterality", Laterality),
        view=row.word("view", ViewPosition),
        pred_score=row.required_number("pred_score"),
        p_value=row.required_number("p_value"),
        is_anomalous=_flag(row, "is_anomalous"),
        covariates=_keyed(row, "covariate.", row.required),
        acquisition_group=row.text("acquisition_group"),
        raw_score=row.number("raw_score"),
        exam_p_value=row.number("exam_p_value"),
        exam_is_anomalous=row.flag("exam_is_anomalous"),
        other_scores=_keyed(row, "score.", row.required_number),
        member_scores=_keyed(row, "member.", row.required_number),
        calibration_patients=_count(row, "calibration_patients"),
        localisations=_keyed(row, "map.", lambda name: Localisation.from_text(row.required(name), row.source)),
    )


def _rows(path: Path) -> Iterator[CsvRow]:
    """The table's rows, names of columns as they are written: they hold names of models and covariates."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, strict=True)
            missing = [name for name in _REQUIRED if name not in (table.fieldnames or ())]
            if missing:
                raise DatasetError(path, f"has no column {missing[0]!r}", _REMEDY)
            for cells in table:
                yield CsvRow(path, table.line_num, {name: cell or "" for name, cell in cells.items() if name})
    except OSError as error:
        raise DatasetError(path, f"cannot be read ({error.strerror})", _REMEDY) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(path, f"is not a CSV file in UTF-8 ({error})", _REMEDY) from error


def _flag(row: CsvRow, column: str) -> bool:
    value = row.flag(column)
    if value is None:
        raise row.error(column, "is empty", _REMEDY)
    return value


def _count(row: CsvRow, column: str) -> int | None:
    value = row.number(column)
    if value is not None and (value < 1 or value != int(value)):
        raise row.error(column, f"is {row.text(column)}, not a number of patients", _REMEDY)
    return None if value is None else int(value)


def _keyed(row: CsvRow, prefix: str, read: Callable[[str], Value]) -> dict[str, Value]:
    """The filled columns that begin so, by the rest of their name."""
    columns = [name for name in row.values if name.startswith(prefix) and row.text(name) is not None]
    return {name.removeprefix(prefix): read(name) for name in columns}
