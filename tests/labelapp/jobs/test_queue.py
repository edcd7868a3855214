from __future__ import annotations

import pytest

from mammolens.errors import RequestError, UnknownJobError
from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job
from mammolens.labelapp.jobs.queue import MOST_CRASHES, LearningQueue
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobState

from .conftest import OUTCOME, Launcher, MakeQueue, state_of

TRAIN, RECALIBRATE = LearningKind.TRAIN, LearningKind.RECALIBRATE


def test_jobs_run_one_at_a_time_in_the_order_asked_for(a_running_queue: LearningQueue, a_launcher: Launcher) -> None:
    first, second, third = (a_running_queue.ask(kind, {}, "anna") for kind in (TRAIN, RECALIBRATE, TRAIN))
    learner = a_launcher.number(1)
    told = a_running_queue.details()
    assert (told.running, told.queued) == (first.job, [second.job, third.job])
    assert [job.job for job in told.jobs] == [third.job, second.job, first.job]
    assert len(a_launcher.started) == 1
    learner.succeed()
    assert a_launcher.number(2).job.job == second.job
    done = a_running_queue.get(first.job)
    assert done.state is JobState.DONE
    assert done.outcome == OUTCOME.model_dump(mode="json")
    assert done.ended_at is not None


def test_a_job_that_starts_while_the_list_is_made_is_never_left_out(
    a_queue: LearningQueue, some_files: JobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_queue.ask(TRAIN, {}, "anna")
    read = some_files.all

    def read_just_before_the_start() -> list[Job]:
        before = read()
        some_files.save(job.changed(state=JobState.RUNNING))
        return before

    monkeypatch.setattr(some_files, "all", read_just_before_the_start)
    told = a_queue.details()
    assert (told.running, told.queued) == (None, [job.job])
    some_files.save(job)
    current = a_queue.current()
    assert current is not None
    assert current.job == job.job


def test_a_job_that_fails_says_why_and_the_next_one_begins(
    a_running_queue: LearningQueue, a_launcher: Launcher
) -> None:
    first, second = (a_running_queue.ask(TRAIN, {}, "anna") for _ in range(2))
    a_launcher.number(1).fail()
    assert a_launcher.number(2).job.job == second.job
    failed = a_running_queue.detail(a_running_queue.get(first.job))
    assert (failed.state, failed.error) == ("failed", "normals: too few; accept more")
    assert failed.log[-1] == "failed: normals: too few; accept more"


def test_a_waiting_job_is_taken_from_the_queue(a_running_queue: LearningQueue, a_launcher: Launcher) -> None:
    first, second, third = (a_running_queue.ask(TRAIN, {}, "anna") for _ in range(3))
    learner = a_launcher.number(1)
    assert a_running_queue.stop(second.job, "berta").state is JobState.STOPPED
    learner.succeed()
    assert a_launcher.number(2).job.job == third.job
    assert a_running_queue.detail(a_running_queue.get(second.job)).log == ["stopped by berta"]
    assert a_running_queue.get(first.job).state is JobState.DONE


def test_a_running_job_is_stopped_and_resumed_at_the_end_of_the_queue(
    a_running_queue: LearningQueue, a_launcher: Launcher
) -> None:
    first = a_running_queue.ask(TRAIN, {"epochs": 4}, "anna")
    a_launcher.number(1)
    second = a_running_queue.ask(TRAIN, {}, "anna")
    stopped = a_running_queue.stop(first.job, "berta")
    assert stopped.state is JobState.STOPPED
    assert a_running_queue.detail(stopped).log == ["stopped by berta"]
    learner = a_launcher.number(2)
    assert a_running_queue.resume(first.job, "carla").state is JobState.QUEUED
    assert learner.job.job == second.job
    learner.succeed()
    again = a_launcher.number(3)
    assert (again.job.job, again.job.attempts, again.job.parameters) == (first.job, 2, {"epochs": 4})
    again.succeed()
    assert state_of(a_running_queue, first.job, JobState.DONE).error is None


def test_what_is_over_cannot_be_stopped_and_what_is_not_cannot_go_on(a_queue: LearningQueue) -> None:
    job = a_queue.ask(TRAIN, {}, "anna")
    with pytest.raises(RequestError, match="is queued; resume one that was stopped or failed"):
        a_queue.resume(job.job, "anna")
    a_queue.stop(job.job, "anna")
    with pytest.raises(RequestError, match="has already ended"):
        a_queue.stop(job.job, "anna")
    with pytest.raises(UnknownJobError):
        a_queue.stop("20261122T221500-0123abcd", "anna")


def test_after_a_crash_a_job_goes_on_before_all_that_wait(a_running_queue: LearningQueue, a_launcher: Launcher) -> None:
    first, second = (a_running_queue.ask(TRAIN, {}, "anna") for _ in range(2))
    a_launcher.number(1).crash()
    again = a_launcher.number(2)
    assert (again.job.job, again.job.attempts) == (first.job, 2)
    log = a_running_queue.detail(again.job).log
    assert log == ["its process was ended by signal 9; resumed automatically"]
    again.succeed()
    assert a_launcher.number(3).job.job == second.job


def test_a_job_that_crashes_and_gets_no_further_fails_the_third_time_and_may_be_resumed(
    a_running_queue: LearningQueue, a_launcher: Launcher
) -> None:
    job = a_running_queue.ask(TRAIN, {}, "anna")
    for attempt in range(1, MOST_CRASHES + 1):
        a_launcher.number(attempt).crash()
    failed = state_of(a_running_queue, job.job, JobState.FAILED)
    assert failed.error is not None
    assert "ended by signal 9, 3 times in a row without progress" in failed.error
    a_running_queue.resume(job.job, "anna")
    a_launcher.number(MOST_CRASHES + 1).succeed()
    state_of(a_running_queue, job.job, JobState.DONE)


def test_a_job_that_gets_further_each_time_is_not_given_up(
    a_running_queue: LearningQueue, a_launcher: Launcher
) -> None:
    job = a_running_queue.ask(TRAIN, {}, "anna")
    for attempt in range(1, 2 * MOST_CRASHES + 1):
        learner = a_launcher.number(attempt)
        learner.epoch(attempt)
        learner.crash()
    a_launcher.number(2 * MOST_CRASHES + 1).succeed()
    assert state_of(a_running_queue, job.job, JobState.DONE).attempts == 2 * MOST_CRASHES + 1


def test_what_ran_when_the_server_died_goes_on_after_its_restart(
    some_files: JobFiles, make_queue: MakeQueue, a_launcher: Launcher
) -> None:
    before = make_queue(a_launcher)
    job, waiting = (before.ask(TRAIN, {}, "anna") for _ in range(2))
    some_files.save(job.changed(state=JobState.RUNNING, attempts=1))
    after = make_queue(a_launcher)
    after.start()
    again = a_launcher.number(1)
    assert (again.job.job, again.job.attempts) == (job.job, 2)
    assert after.detail(again.job).log == ["the server ended; resumed automatically"]
    assert [one.job for one in after.queued()] == [waiting.job]


def test_a_job_that_was_over_when_the_server_died_is_not_done_again(
    some_files: JobFiles, make_queue: MakeQueue, a_launcher: Launcher
) -> None:
    before = make_queue(a_launcher)
    job = before.ask(TRAIN, {}, "anna")
    Launcher()(some_files, some_files.save(job.changed(state=JobState.RUNNING, attempts=1))).succeed()
    after = make_queue(a_launcher)
    after.start()
    state_of(after, job.job, JobState.DONE)
    assert not a_launcher.started


def test_a_queue_that_is_closed_leaves_its_job_to_the_next_one(
    a_running_queue: LearningQueue, make_queue: MakeQueue, a_launcher: Launcher
) -> None:
    job = a_running_queue.ask(TRAIN, {}, "anna")
    learner = a_launcher.number(1)
    a_running_queue.close()
    assert learner.ended() is not None
    make_queue(a_launcher).start()
    assert a_launcher.number(2).job.job == job.job


def test_of_two_queues_on_one_folder_one_runs_the_jobs_of_both(
    a_running_queue: LearningQueue, a_launcher: Launcher, make_queue: MakeQueue
) -> None:
    other_launcher = Launcher()
    other = make_queue(other_launcher)
    a_running_queue.ask(TRAIN, {}, "anna")
    a_launcher.number(1)
    other.start()
    job = other.ask(TRAIN, {}, "berta")
    a_launcher.number(1).succeed()
    assert a_launcher.number(2).job.job == job.job
    assert other.stop(job.job, "berta").state is JobState.STOPPED
    assert not other_launcher.started


def test_where_no_process_can_be_started_the_queue_lives_on(
    make_queue: MakeQueue, a_launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mammolens.labelapp.jobs.queue._PAUSE_S", 0.05)
    refusals = [OSError("no memory")]

    def launch(*arguments: object) -> object:
        if refusals:
            raise refusals.pop()
        return a_launcher(*arguments)  # type: ignore[arg-type]

    queue = make_queue(launch)  # type: ignore[arg-type]
    queue.start()
    job = queue.ask(TRAIN, {}, "anna")
    a_launcher.number(1).succeed()
    state_of(queue, job.job, JobState.DONE)


def test_old_jobs_are_forgotten_and_those_that_wait_never(a_queue: LearningQueue) -> None:
    waiting = a_queue.ask(TRAIN, {}, "anna")
    for _ in range(53):
        a_queue.stop(a_queue.ask(TRAIN, {}, "anna").job, "anna")
    names = {path.name for path in a_queue._files.root.glob("*-????????.json")}
    assert f"{waiting.job}.json" in names
    assert len(names) <= 53
    assert len(a_queue.all()) == 50
    assert [job.job for job in a_queue.queued()] == [waiting.job]
