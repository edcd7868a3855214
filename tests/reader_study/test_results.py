import csv
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from mammolens.errors import DatasetError
from mammolens.reader_study.readings import Reading
from mammolens.reader_study.results import Treatment, read_truth, results_by_treatment, table_of
from mammolens.reader_study.table_format import TableFormat

EXAMS = ("e-1", "e-2", "e-3", "e-4")
ANSWERS = {"anna": (True, True, False, False), "ben": (True, False, False, False)}
TRUTH = {"e-1": True, "e-2": True, "e-3": False, "e-4": False}


def _reading(reader: str, exam: str, recall: bool, *, heat: bool, seconds: float = 10, comment: str = "") -> Reading:
    return Reading(
        id=UUID(int=0),
        reader=reader,
        exam=exam,
        session=1,
        heat=heat,
        likelihood=80 if recall else 10,
        recall=recall,
        seconds=seconds,
        comment=comment,
        time=datetime(2026, 1, 5, tzinfo=UTC),
        model="m" if heat else None,
    )


READINGS = [
    _reading(reader, exam, recall, heat=False, seconds=number)
    for reader, answers in ANSWERS.items()
    for number, (exam, recall) in enumerate(zip(EXAMS, answers, strict=True))
]


def test_treatments_have_agreement_times_and_exams_to_adjudicate() -> None:
    aided = [_reading("anna", "e-1", True, heat=True, comment="=1+1")]
    without, with_heat = results_by_treatment([*aided, *READINGS])
    assert (without.treatment, without.readings, without.recalled) == (Treatment.WITHOUT_HEAT, 8, 3 / 8)
    assert without.median_seconds == 1.5
    assert without.kappa == pytest.approx(0.5)
    assert without.disputed == ("e-2",)
    assert (with_heat.treatment, with_heat.kappa, with_heat.disputed) == (Treatment.WITH_HEAT, None, ())


def test_kappa_is_unknown_where_chance_alone_makes_readers_agree() -> None:
    same = [_reading(reader, exam, False, heat=True) for reader in ANSWERS for exam in EXAMS]
    assert results_by_treatment(same)[0].kappa is None


def test_tables_have_the_columns_of_the_r_packages() -> None:
    rows = list(csv.DictReader(table_of(READINGS, TRUTH, TableFormat.MRMCAOV).splitlines()))
    assert [rows[0][name] for name in ("reader", "treatment", "case", "truth", "rating")] == [
        "anna", "without_heat", "e-1", "1", "80",
    ]  # fmt: skip
    of_imrmc = list(csv.reader(table_of(READINGS, TRUTH, TableFormat.IMRMC).splitlines()))
    assert of_imrmc[:2] == [["readerID", "caseID", "modalityID", "score"], ["truth", "e-1", "truth", "1"]]
    assert of_imrmc[5] == ["anna", "e-1", "without_heat", "80"]
    assert len(of_imrmc) == 1 + 4 + 8


def test_a_comment_is_no_formula() -> None:
    one = [_reading("anna", "e-1", True, heat=True, comment="=1+1")]
    assert "'=1+1" in table_of(one, TRUTH, TableFormat.MRMCAOV)


def test_truth_is_read_and_a_missing_one_named(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("exam,truth\ne-1,1\ne-2,0\n")
    truth = read_truth(file)
    assert truth == {"e-1": True, "e-2": False}
    with pytest.raises(DatasetError, match="exam e-3: has no truth"):
        table_of(READINGS, truth, TableFormat.IMRMC)
    file.write_text("exam,truth\ne-1,yes\n")
    with pytest.raises(DatasetError, match="line 2"):
        read_truth(file)
