from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from mammolens.errors import LedgerError
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.jobs.schedule import ASKED_BY, Schedule
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.settings import ServerSettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def a_clock() -> Clock:
    return Clock()


def accepting(count: int) -> Callable[[datetime | None, datetime], int]:
    return lambda since, until: count


def test_enough_accepted_exams_begin_a_training_and_fewer_do_not(a_queue: LearningQueue, a_clock: Clock) -> None:
    settings = ServerSettings(retrain_after=5)
    assert not Schedule(settings, a_queue, accepting(4), a_clock).look()
    assert Schedule(settings, a_queue, accepting(5), a_clock).look()
    (job,) = a_queue.all()
    assert (job.kind, job.asked_by, job.parameters) == (LearningKind.TRAIN, ASKED_BY, {})


def test_while_a_training_waits_or_runs_none_is_asked_for(a_queue: LearningQueue, a_clock: Clock) -> None:
    a_queue.ask(LearningKind.TRAIN, {}, "anna")
    assert not Schedule(ServerSettings(retrain_after=1), a_queue, accepting(9), a_clock).look()


def test_only_what_came_after_the_last_training_counts(a_queue: LearningQueue, a_clock: Clock) -> None:
    asked_for: list[tuple[datetime | None, datetime]] = []

    def accepted(since: datetime | None, until: datetime) -> int:
        asked_for.append((since, until))
        return 0

    schedule = Schedule(ServerSettings(retrain_after=1), a_queue, accepted, a_clock)
    schedule.look()
    job = a_queue.ask(LearningKind.TRAIN, {}, "anna")
    a_queue.stop(job.job, "anna")
    a_queue.stop(a_queue.ask(LearningKind.RECALIBRATE, {}, "anna").job, "anna")
    a_clock.now = later = job.asked_at + timedelta(hours=1)
    schedule.look()
    a_clock.now = set_back = job.asked_at - timedelta(days=1)
    schedule.look()
    assert asked_for == [(None, NOON), (job.asked_at, later), (None, set_back)]


def test_a_time_of_day_is_met_once_a_day(a_queue: LearningQueue, a_clock: Clock) -> None:
    schedule = Schedule(ServerSettings(retrain_at=time(14)), a_queue, accepting(1), a_clock)
    asked = []
    for hours in (0, 1, 2, 3, 24, 25, 26, 27):
        a_clock.now = NOON + timedelta(hours=hours)
        asked.append(schedule.look())
        for job in a_queue.queued():
            a_queue.stop(job.job, "anna")
    assert asked == [False, False, True, False, False, False, True, False]


def test_at_the_time_of_day_nothing_is_learned_where_nothing_is_new(a_queue: LearningQueue, a_clock: Clock) -> None:
    schedule = Schedule(ServerSettings(retrain_at=time(14)), a_queue, accepting(0), a_clock)
    a_clock.now = NOON + timedelta(hours=3)
    assert not schedule.look()


def test_where_the_count_cannot_be_told_it_is_looked_again(a_queue: LearningQueue, a_clock: Clock) -> None:
    def accepted(since: datetime | None, until: datetime) -> int:
        if a_clock.now < NOON + timedelta(hours=3):
            raise LedgerError("ledger", "does not answer", "start it")
        return 1

    schedule = Schedule(ServerSettings(retrain_at=time(14)), a_queue, accepted, a_clock)
    a_clock.now = NOON + timedelta(hours=2)
    with pytest.raises(LedgerError):
        schedule.look()
    a_clock.now = NOON + timedelta(hours=3)
    assert schedule.look()


def test_a_training_that_runs_at_the_time_of_day_only_puts_the_next_one_off(
    a_queue: LearningQueue, a_clock: Clock
) -> None:
    job = a_queue.ask(LearningKind.TRAIN, {}, "anna")
    schedule = Schedule(ServerSettings(retrain_at=time(14)), a_queue, accepting(1), a_clock)
    a_clock.now = NOON + timedelta(hours=2)
    assert not schedule.look()
    a_queue.stop(job.job, "anna")
    a_clock.now = NOON + timedelta(hours=3)
    assert schedule.look()


def test_a_time_that_passed_before_the_start_is_not_made_up_for(a_queue: LearningQueue, a_clock: Clock) -> None:
    schedule = Schedule(ServerSettings(retrain_at=time(2)), a_queue, accepting(1), a_clock)
    assert not schedule.look()
    a_clock.now = NOON + timedelta(hours=15)
    assert schedule.look()
