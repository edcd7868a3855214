"""What a reader study found: agreement, reading times, exams to adjudicate, and tables for MRMC analysis."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from statistics import median

from sklearn.metrics import cohen_kappa_score

from mammolens.errors import DatasetError
from mammolens.reader_study.readings import Reading
from mammolens.reader_study.table_format import TableFormat
from mammolens.review.formats import cell_of_text


class Treatment(StrEnum):
    """A condition of reading, in the word of MRMC analysis."""

    WITHOUT_HEAT = "without_heat"
    WITH_HEAT = "with_heat"


@dataclass(frozen=True, slots=True)
class TreatmentResult:
    """The readings of one treatment.

    Attributes:
        readings: their number.
        recalled: share of them with a recall, in [0, 1].
        median_seconds: of a reading.
        kappa: Cohen's kappa of the recalls (Educ Psychol Meas 20:37, 1960), the mean over pairs of readers with
            exams in common; ``None``: there is no such pair, or chance explains all agreement.
        disputed: exams that some readers would recall and some not, sorted.
    """

    treatment: Treatment
    readings: int
    recalled: float
    median_seconds: float
    kappa: float | None
    disputed: tuple[str, ...]


def results_by_treatment(readings: Iterable[Reading]) -> list[TreatmentResult]:
    """One result for each treatment that was read, without heat first."""
    grouped: defaultdict[Treatment, list[Reading]] = defaultdict(list)
    for reading in readings:
        grouped[treatment_of(reading)].append(reading)
    return [_result(treatment, grouped[treatment]) for treatment in Treatment if grouped[treatment]]


def treatment_of(reading: Reading) -> Treatment:
    """The treatment of a reading."""
    return Treatment.WITH_HEAT if reading.heat else Treatment.WITHOUT_HEAT


def read_truth(path: Path) -> dict[str, bool]:
    """Which exams are abnormal, from a CSV file with the columns ``exam`` and ``truth`` (1: abnormal, 0: normal).

    Raises:
        DatasetError: a column is missing, or a value is neither 0 nor 1.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(path, f"cannot be read ({error})", "give a CSV file in UTF-8") from error
    truth: dict[str, bool] = {}
    for line, row in enumerate(rows, 2):
        exam, stated = (row.get("exam") or "").strip(), (row.get("truth") or "").strip()
        if not exam or stated not in ("0", "1"):
            raise DatasetError(
                f"{path}, line {line}", "has no exam or no truth of 0 or 1", "give the columns 'exam' and 'truth'"
            )
        truth[exam] = stated == "1"
    return truth


def table_of(readings: Sequence[Reading], truth: Mapping[str, bool], kind: TableFormat) -> str:
    """The readings as CSV.

    Args:
        readings: of one study.
        truth: whether each exam is abnormal.
        kind: whose columns.

    Raises:
        DatasetError: an exam has no truth; names it.
    """
    for reading in readings:
        if reading.exam not in truth:
            raise DatasetError(f"exam {reading.exam}", "has no truth", "add a line for it to the table of truth")
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    if kind is TableFormat.IMRMC:
        write(("readerID", "caseID", "modalityID", "score"))
        for exam in sorted({reading.exam for reading in readings}):
            write(("truth", exam, "truth", int(truth[exam])))
        for one in readings:
            write((one.reader, one.exam, treatment_of(one).value, one.likelihood))
        return text.getvalue()
    write(
        ("reader", "treatment", "case", "truth", "rating", "recall", "seconds", "session", "time", "model", "comment")
    )
    for one in readings:
        about = (
            int(one.recall),
            one.seconds,
            one.session,
            one.time.isoformat(),
            one.model or "",
            cell_of_text(one.comment),
        )
        write((one.reader, treatment_of(one).value, one.exam, int(truth[one.exam]), one.likelihood, *about))
    return text.getvalue()


def _result(treatment: Treatment, readings: Sequence[Reading]) -> TreatmentResult:
    recalls: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for one in readings:
        recalls[one.reader][one.exam] = one.recall
    kappas = []
    for first, second in combinations(sorted(recalls), 2):
        shared = sorted(recalls[first].keys() & recalls[second].keys())
        answers = [[recalls[reader][exam] for exam in shared] for reader in (first, second)]
        if len({answer for of_reader in answers for answer in of_reader}) > 1:
            kappas.append(float(cohen_kappa_score(*answers)))
    answers_of: defaultdict[str, set[bool]] = defaultdict(set)
    for one in readings:
        answers_of[one.exam].add(one.recall)
    return TreatmentResult(
        treatment,
        readings=len(readings),
        recalled=sum(one.recall for one in readings) / len(readings),
        median_seconds=median(one.seconds for one in readings),
        kappa=sum(kappas) / len(kappas) if kappas else None,
        disputed=tuple(sorted(exam for exam, answers in answers_of.items() if len(answers) > 1)),
    )
