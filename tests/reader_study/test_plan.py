from collections import Counter

import pytest
from pydantic import ValidationError

from mammolens.reader_study.plan import StudyDesign, StudyPlan, reading_order

EXAMS = [f"e-{number}" for number in range(9)]
READERS = ["anna", "ben", "carla", "dan"]


def _plan(**changes: object) -> StudyPlan:
    return StudyPlan.model_validate({"name": "pilot", "readers": READERS, "exams": EXAMS, "seed": 3, **changes})


def test_a_crossover_shows_each_exam_once_with_and_once_without_heat() -> None:
    for reader in READERS:
        cases = reading_order(_plan(), reader)
        assert [case.session for case in cases] == [1] * 9 + [2] * 9
        assert [case.number for case in cases] == [*range(1, 10)] * 2
        assert Counter((case.exam, case.heat) for case in cases) == dict.fromkeys(
            ((exam, heat) for exam in EXAMS for heat in (True, False)), 1
        )


def test_half_of_the_readers_begin_an_exam_with_heat_and_half_without() -> None:
    orders = [reading_order(_plan(), reader) for reader in READERS]
    for exam in EXAMS:
        assert sum(case.heat for order in orders for case in order if case.session == 1 and case.exam == exam) == 2


def test_every_reader_and_session_has_an_order_of_its_own_that_the_seed_repeats() -> None:
    orders = [tuple(case.exam for case in reading_order(_plan(), reader)) for reader in READERS]
    sessions = {order[:9] for order in orders} | {order[9:] for order in orders}
    assert len(sessions) == 8
    assert orders == [tuple(case.exam for case in reading_order(_plan(), reader)) for reader in READERS]
    assert orders != [tuple(case.exam for case in reading_order(_plan(seed=4), reader)) for reader in READERS]


@pytest.mark.parametrize(("design", "heat"), [(StudyDesign.WITH_HEAT, True), (StudyDesign.WITHOUT_HEAT, False)])
def test_other_designs_have_one_session(design: StudyDesign, heat: bool) -> None:
    cases = reading_order(_plan(design=design), "ben")
    assert sorted(case.exam for case in cases) == EXAMS
    assert {(case.session, case.heat) for case in cases} == {(1, heat)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "../x"}, "name"),
        ({"readers": ["anna", "anna"]}, "readers names one of them twice"),
        ({"exams": []}, "exams"),
        ({"readers": ['a"b']}, "readers"),
        ({"colour": "red"}, "colour"),
        ({"washout_days": -1}, "washout_days"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        _plan(**change)
