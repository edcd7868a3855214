from __future__ import annotations

from mammolens.labelapp.exams.open_exams import HALF_AN_HOUR, OpenExams


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_others_see_an_exam_in_progress_until_its_reader_decides_or_opens_another() -> None:
    exams = OpenExams(Clock())
    exams.opened("e-1", "anna")
    exams.opened("e-1", "berta")
    assert exams.readers(besides="clara") == {"e-1": ["anna", "berta"]}
    assert exams.readers(besides="anna") == {"e-1": ["berta"]}
    exams.opened("e-2", "berta")
    assert exams.readers(besides="anna") == {"e-2": ["berta"]}
    exams.decided("e-2", "berta")
    assert exams.readers(besides="anna") == {}
    assert exams.readers(besides="berta") == {"e-1": ["anna"]}


def test_a_reader_who_does_nothing_for_half_an_hour_counts_as_gone() -> None:
    clock = Clock()
    exams = OpenExams(clock)
    exams.opened("e-1", "anna")
    clock.seconds += HALF_AN_HOUR
    assert exams.readers(besides="") == {"e-1": ["anna"]}
    clock.seconds += 1
    assert exams.readers(besides="") == {}
