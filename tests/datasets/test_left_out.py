from __future__ import annotations

from pathlib import Path

from mammolens.datasets.base import Case
from mammolens.datasets.left_out import LeftOut
from mammolens.errors import DatasetError


def case_of(number):
    if number % 2:
        raise DatasetError(f"row {number}", "is odd", "leave it out")
    return Case(Path(f"{number}.dcm"), str(number))


def test_what_cannot_be_used_is_named_and_the_rest_goes_on(caplog):
    with LeftOut(Path("table.csv")) as left_out:
        cases = list(left_out.cases(range(4), case_of))
    assert [case.patient_id for case in cases] == ["0", "2"]
    assert caplog.messages == [f"left out: row {number}: is odd; leave it out" for number in (1, 3)]


def test_of_many_the_first_are_named_and_the_others_counted(caplog):
    with LeftOut(Path("table.csv")) as left_out:
        assert len(list(left_out.cases(range(20), case_of))) == 10
    assert len(caplog.messages) == 6
    assert caplog.messages[-1] == "table.csv: 5 more left out for such reasons"
