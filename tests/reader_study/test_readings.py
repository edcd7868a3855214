from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from mammolens.errors import LedgerError, RequestError, UnknownStudyError
from mammolens.reader_study.plan import StudyPlan
from mammolens.reader_study.readings import READINGS, ReaderStudies, Reading

PLAN = StudyPlan(name="pilot", readers=["anna", "ben"], exams=["e-1", "e-2"], washout_days=7)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def studies(tmp_path: Path) -> ReaderStudies:
    store = ReaderStudies(tmp_path)
    store.create(PLAN)
    return store


def _reading(studies: ReaderStudies, number: int, reader: str = "anna", **changes: object) -> Reading:
    """Of the reader's next case."""
    case = studies.next_case("pilot", reader)
    assert case is not None
    stated = {"id": UUID(int=number), "reader": reader, "likelihood": 40, "recall": False, "seconds": 12.5}
    of_case = {"exam": case.exam, "session": case.session, "heat": case.heat}
    return Reading.model_validate({**stated, **of_case, "time": START + timedelta(hours=number), **changes})


def _read_session(studies: ReaderStudies, reader: str = "anna") -> None:
    for number in (1, 2):
        studies.append("pilot", _reading(studies, number, reader))


def test_readings_come_back_in_their_order(studies: ReaderStudies, tmp_path: Path) -> None:
    _read_session(studies)
    again = ReaderStudies(tmp_path)
    assert [one.id.int for one in again.readings("pilot")] == [1, 2]
    assert (tmp_path / "pilot" / READINGS).stat().st_mode & 0o777 == 0o600
    case = again.next_case("pilot", "anna")
    assert case is not None
    assert (case.session, case.number) == (2, 1)


def test_a_retry_is_stored_once_and_another_answer_with_its_id_is_refused(studies: ReaderStudies) -> None:
    first = _reading(studies, 1)
    studies.append("pilot", first)
    studies.append("pilot", first.model_copy(update={"seconds": 20.0, "time": START}))
    with pytest.raises(RequestError, match="a different answer"):
        studies.append("pilot", first.model_copy(update={"likelihood": 90}))
    assert studies.readings("pilot") == [first]


def test_cases_are_read_in_their_order(studies: ReaderStudies) -> None:
    first = _reading(studies, 1)
    other = "e-2" if first.exam == "e-1" else "e-1"
    with pytest.raises(RequestError, match="is not the reader's next case"):
        studies.append("pilot", first.model_copy(update={"exam": other}))
    with pytest.raises(RequestError, match="is not the reader's next case"):
        studies.append("pilot", first.model_copy(update={"heat": not first.heat}))
    assert studies.readings("pilot") == []


def test_the_second_session_waits_for_the_washout(studies: ReaderStudies) -> None:
    _read_session(studies)
    early = _reading(studies, 3, time=START + timedelta(days=7))
    with pytest.raises(RequestError, match="session 2 begins on 2026-01-12"):
        studies.append("pilot", early)
    late = early.model_copy(update={"time": START + timedelta(days=7, hours=2)})
    studies.append("pilot", late)
    assert studies.readings("pilot")[-1] == late


def test_everything_is_read_at_the_end(studies: ReaderStudies) -> None:
    _read_session(studies)
    for number in (200, 201):
        studies.append("pilot", _reading(studies, number))
    assert studies.next_case("pilot", "anna") is None
    assert studies.next_case("pilot", "ben") is not None


def test_a_stranger_has_no_case(studies: ReaderStudies) -> None:
    with pytest.raises(RequestError, match="'eve' is not one of its readers"):
        studies.next_case("pilot", "eve")
    with pytest.raises(UnknownStudyError, match="does not exist"):
        studies.next_case("../pilot", "anna")


def test_a_plan_does_not_change(studies: ReaderStudies) -> None:
    studies.create(PLAN)
    with pytest.raises(RequestError, match="a different plan, which cannot be changed"):
        studies.create(PLAN.model_copy(update={"seed": 1}))
    assert studies.plan("pilot") == PLAN


@pytest.mark.parametrize("damage", ["changed", "removed", "torn"])
def test_damaged_readings_are_named(studies: ReaderStudies, tmp_path: Path, damage: str) -> None:
    _read_session(studies)
    file = tmp_path / "pilot" / READINGS
    first, second = file.read_text().splitlines()
    damaged = {
        "changed": [first.replace('"likelihood":40', '"likelihood":90'), second],
        "removed": [second],
        "torn": [first, second[:40]],
    }[damage]
    file.write_text("\n".join(damaged) + "\n")
    with pytest.raises(LedgerError, match=f"line {2 if damage == 'torn' else 1}"):
        studies.readings("pilot")
