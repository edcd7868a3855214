"""A folder of jobs, and a queue that runs them in stand-ins for processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, JobResult, JobStatus
from mammolens.labelapp.jobs.process import Launch
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.responses.learning import JobOutcome, JobProgress, JobState
from mammolens.training.progress import Stage

from ...patience import PATIENCE_S, until

OUTCOME = JobOutcome(
    model="new",
    serves=True,
    waits=False,
    reason="not worse",
    checks=[],
    images=8,
    patients=4,
    held_out=2,
    set_aside=0,
)


class ProcessStandIn:
    """Runs until somebody ends it: well, badly, or as a crash."""

    def __init__(self, files: JobFiles, job: Job) -> None:
        self._files, self.job = files, job
        self._code: int | None = None

    def ended(self) -> int | None:
        return self._code

    def stop(self) -> None:
        if self._code is None:
            self._code = -15

    def epoch(self, number: int) -> None:
        """It says that it got so far."""
        told = JobProgress(stage=Stage.LEARN, sentence=f"epoch {number}", done=number, total=9)
        self._files.save_status(self.job.job, JobStatus(progress=told))

    def succeed(self) -> None:
        self._files.save_result(self.job.job, JobResult(outcome=OUTCOME.model_dump(mode="json")))
        self._code = 0

    def fail(self, error: str = "normals: too few; accept more") -> None:
        self._files.save_result(self.job.job, JobResult(error=error))
        self._code = 1

    def crash(self) -> None:
        self._code = -9


class Launcher:
    """Starts stand-ins, and has those that were started."""

    def __init__(self) -> None:
        self.started: list[ProcessStandIn] = []
        self._new = threading.Condition()

    def __call__(self, files: JobFiles, job: Job) -> ProcessStandIn:
        with self._new:
            self.started.append(ProcessStandIn(files, job))
            self._new.notify_all()
            return self.started[-1]

    def number(self, wanted: int) -> ProcessStandIn:
        """The one that is started as such, counted from 1."""
        with self._new:
            assert self._new.wait_for(lambda: len(self.started) >= wanted, PATIENCE_S)
            return self.started[wanted - 1]


@pytest.fixture
def some_files(tmp_path: Path) -> JobFiles:
    return JobFiles(tmp_path / "jobs")


@pytest.fixture
def a_launcher() -> Launcher:
    return Launcher()


MakeQueue = Callable[[Launch], LearningQueue]


@pytest.fixture
def make_queue(some_files: JobFiles) -> Iterator[MakeQueue]:
    """Queues of the same folder, not started; closed at the end."""
    made: list[LearningQueue] = []

    def make(launch: Launch) -> LearningQueue:
        made.append(LearningQueue(some_files, launch))
        return made[-1]

    yield make
    for queue in made:
        queue.close()


@pytest.fixture
def a_queue(make_queue: MakeQueue, a_launcher: Launcher) -> LearningQueue:
    """It is not started."""
    return make_queue(a_launcher)


@pytest.fixture
def a_running_queue(a_queue: LearningQueue) -> LearningQueue:
    a_queue.start()
    return a_queue


def state_of(queue: LearningQueue, name: str, state: JobState) -> Job:
    """The job, once it is in this state."""
    until(lambda: queue.get(name).state is state)
    return queue.get(name)
