"""Jobs with real threads; the test is the event loop."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from MammoLensLib.jobs import JobContext, JobRunner

from ..patience import PATIENCE_S, until


class News:
    """What the callbacks were told, and in which thread."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.threads: set[int] = set()

    def of(self, kind: str) -> Callable[..., None]:
        def note(*values: Any) -> None:
            self.told.append((kind, values))
            self.threads.add(threading.get_ident())

        return note

    def callbacks(self) -> dict[str, Any]:
        return {f"on_{kind}": self.of(kind) for kind in ("result", "error", "progress", "cancelled")}

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]


def drain_until_over(runner: JobRunner) -> None:
    until(lambda: not runner.running, lambda: "the job never ended", meanwhile=runner.drain)


@contextmanager
def until_worked() -> Iterator[None]:
    """Wait for the threads that are started within."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_a_result_comes_with_its_progress_in_the_draining_thread_alone() -> None:
    runner, news, worked = JobRunner(), News(), []

    def work(context: JobContext) -> int:
        worked.append(threading.get_ident())
        context.progress(0.5, "half")
        return 7

    with until_worked():
        runner.start(work, **news.callbacks())
    assert news.told == [], "a callback ran before anybody drained"
    drain_until_over(runner)
    assert news.told == [("progress", (0.5, "half")), ("result", (7,))]
    assert news.threads == {threading.get_ident()}
    assert worked[0] not in news.threads


def test_an_error_of_the_work_comes_as_it_is() -> None:
    runner, news, error = JobRunner(), News(), OSError("gone")

    def work(context: JobContext) -> None:
        raise error

    runner.start(work, **news.callbacks())
    drain_until_over(runner)
    assert news.told == [("error", (error,))]


def test_a_result_that_cannot_be_used_is_an_error() -> None:
    runner, news, error = JobRunner(), News(), ValueError("no scene")

    def show(result: Any) -> None:
        raise error

    runner.start(lambda context: 7, **{**news.callbacks(), "on_result": show})
    drain_until_over(runner)
    assert news.told == [("error", (error,))]


@pytest.mark.parametrize("ends_by", ["progress", "check", "error", "result"])
def test_cancelled_work_gives_neither_result_nor_error(ends_by: str) -> None:
    runner, news, begun = JobRunner(), News(), threading.Event()

    def work(context: JobContext) -> int:
        begun.set()
        until(context.cancelled)
        if ends_by == "progress":
            context.progress(1, "over")
        if ends_by == "check":
            context.cancelled.check()
        if ends_by == "error":
            raise OSError("cut")
        return 7

    job = runner.start(work, **news.callbacks())
    assert begun.wait(PATIENCE_S)
    job.cancel()
    drain_until_over(runner)
    assert news.kinds == ["cancelled"]
    assert job.is_over


def test_what_waits_is_not_shown_once_it_is_cancelled() -> None:
    runner, news = JobRunner(), News()

    def work(context: JobContext) -> int:
        context.progress(0.5, "half")
        return 7

    with until_worked():
        job = runner.start(work, **news.callbacks())
    job.cancel()
    drain_until_over(runner)
    assert news.kinds == ["cancelled"]


def test_nobody_waits_for_a_worker_that_hangs() -> None:
    runner, news, free = JobRunner(), News(), threading.Event()
    with until_worked():
        job = runner.start(lambda context: free.wait(PATIENCE_S), **news.callbacks())
        job.cancel()
        runner.drain()
        assert news.kinds == ["cancelled"]
        assert runner.running == ()
        free.set()
    runner.drain()
    assert news.kinds == ["cancelled"], "it came back"


def test_cancelling_wakes_what_waits() -> None:
    runner, news, waits, woken = JobRunner(), News(), threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        with context.cancelled.stopping_by(woken.set):
            waits.set()
            assert woken.wait(PATIENCE_S)

    runner.start(work, **news.callbacks())
    assert waits.wait(PATIENCE_S)
    runner.cancel_all()
    drain_until_over(runner)
    assert woken.is_set()


def test_a_job_that_starts_another_leaves_drain_in_the_end() -> None:
    runner, news = JobRunner(), News()
    runner.start(lambda context: 1, on_result=lambda _: runner.start(lambda context: 2, **news.callbacks()))
    drain_until_over(runner)
    assert news.told == [("result", (2,))]


def test_a_worker_that_hangs_does_not_keep_the_program_alive() -> None:
    before, free = set(threading.enumerate()), threading.Event()
    JobRunner().start(lambda context: free.wait(PATIENCE_S))
    (thread,) = set(threading.enumerate()) - before
    free.set()
    assert thread.daemon
