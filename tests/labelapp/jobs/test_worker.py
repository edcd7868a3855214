"""Real processes, of an app that learns nothing but does what its parameters say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job
from mammolens.labelapp.jobs.process import WorkerProcess, launcher
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobState

from ...fork_server import ForkServer
from ...patience import PATIENCE_S, until
from .conftest import MakeQueue

pytestmark = pytest.mark.integration
APP = '''
import os, time
from pathlib import Path
import torch
from mammolens.errors import DatasetError, InputError
from mammolens.training.progress import Stage, TrainingProgress

class MONAILabelApp:
    """MONAI Label looks for a class that is derived from one of this name."""

class StandIn(MONAILabelApp):
    def __init__(self, app_dir, studies, conf):
        self.folder = Path(app_dir)

    def learn(self, kind, parameters, observe, by):
        do = parameters["do"]
        if do == "refuse":
            raise DatasetError("accepted normals", "too few", "accept more")
        if do == "stumble":
            raise InputError("/data/Smith_Jane.dcm", "is truncated", "send it again")
        if do == "err":
            raise ValueError("Smith_Jane")
        for epoch in range(2 if parameters.get("resumed") else 1, 4):
            observe(TrainingProgress(Stage.LEARN, epoch, 3, 0.5, 0.25))
            if do == "crash" and epoch == 1:
                os._exit(9)
        while do == "hang":
            time.sleep(0.1)
        limits = {"threads": torch.get_num_threads(), "nice": os.nice(0)}
        return {"model": "new", "reason": "not worse", "by": by, "parameters": parameters, **limits}
'''


@pytest.fixture
def the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.py").write_text(APP)
    monkeypatch.setenv("MONAI_LABEL_APP_DIR", str(folder))
    monkeypatch.setenv("MONAI_LABEL_STUDIES", str(tmp_path))
    return folder


@pytest.fixture
def a_quick_python(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What starts within this test by ``sys.executable`` is forked."""
    monkeypatch.setattr(sys, "executable", str(fork_server.python))


@pytest.fixture
def a_queue_of_processes(the_app: Path, a_quick_python: None, make_queue: MakeQueue) -> LearningQueue:
    queue = make_queue(launcher(1))
    queue.start()
    return queue


def ended(queue: LearningQueue, do: str) -> Job:
    """A job that does something, when it is over."""
    return queue.wait(queue.ask(LearningKind.TRAIN, {"do": do}, "anna").job, PATIENCE_S)


def lines(files: JobFiles, job: Job) -> list[str]:
    """What it said, without how long it took."""
    return [line.split(",")[0] for line in files.status(job.job).log]


def test_an_outcome_is_told_and_the_process_leaves_the_processor_to_others(
    a_queue_of_processes: LearningQueue, some_files: JobFiles
) -> None:
    job = ended(a_queue_of_processes, "learn")
    assert job.state == "done"
    outcome = job.outcome
    assert outcome is not None
    assert outcome["parameters"] == {"do": "learn", "work_folder": str(some_files.work_folder(job.job))}
    assert (outcome["by"], outcome["threads"]) == ("anna", 1)
    assert outcome["nice"] >= 10
    assert lines(some_files, job) == ["epoch 1/3", "epoch 2/3", "epoch 3/3", "done: not worse"]


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("refuse", "accepted normals: too few; accept more"),
        ("stumble", "an image: cannot be used; the server's log names it"),
        ("err", "the training: ended by an unexpected error; the server's log has the details"),
    ],
)
def test_an_error_is_one_sentence_that_names_no_patient(
    a_queue_of_processes: LearningQueue, some_files: JobFiles, do: str, error: str
) -> None:
    job = ended(a_queue_of_processes, do)
    assert (job.state, job.error, job.attempts) == ("failed", error, 1)
    assert not [path for path in some_files.root.iterdir() if "Smith" in path.read_text()]


def test_a_process_that_crashes_is_started_again_and_goes_on(
    a_queue_of_processes: LearningQueue, some_files: JobFiles
) -> None:
    job = ended(a_queue_of_processes, "crash")
    assert (job.state, job.attempts) == ("done", 2)
    assert job.outcome is not None
    assert job.outcome["parameters"]["resumed"] is True
    assert lines(some_files, job) == [
        "epoch 1/3",
        "its process ended with code 9; resumed automatically",
        "epoch 2/3",
        "epoch 3/3",
        "done: not worse",
    ]


def test_a_stopped_job_has_no_process_any_more(a_queue_of_processes: LearningQueue, some_files: JobFiles) -> None:
    job = a_queue_of_processes.ask(LearningKind.TRAIN, {"do": "hang"}, "anna")
    until(lambda: some_files.status(job.job).progress)
    assert a_queue_of_processes.stop(job.job, "anna").state is JobState.STOPPED
    with some_files.learning():  # nobody else is
        pass


def test_a_second_process_waits_until_the_first_has_ended(
    the_app: Path, a_quick_python: None, some_files: JobFiles
) -> None:
    first, second = (some_files.save(Job.requested(LearningKind.TRAIN, {"do": do}, "anna")) for do in ("hang", "learn"))
    one = WorkerProcess(some_files, first, threads=1)
    until(lambda: some_files.status(first.job).progress)
    other = WorkerProcess(some_files, second, threads=1)
    try:
        with pytest.raises(AssertionError):
            until(lambda: some_files.status(second.job).progress, seconds=4)
        one.stop()
        until(lambda: other.ended() is not None)
        assert other.ended() == 0
    finally:
        one.stop()
        other.stop()


def test_a_process_does_not_outlive_a_server_that_is_killed(the_app: Path, some_files: JobFiles) -> None:
    server = (
        "import sys, time; from pathlib import Path\n"
        "from mammolens.labelapp.jobs.files import JobFiles\n"
        "from mammolens.labelapp.jobs.process import launcher\n"
        "from mammolens.labelapp.jobs.queue import LearningQueue\n"
        "LearningQueue(JobFiles(Path(sys.argv[1])), launcher(1)).start(); time.sleep(600)"
    )
    job = some_files.save(Job.requested(LearningKind.TRAIN, {"do": "hang"}, "anna"))
    process = subprocess.Popen([sys.executable, "-c", server, str(some_files.root)])
    try:
        until(lambda: some_files.status(job.job).progress)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with some_files.learning():  # waits for ever, were the process still there
        assert some_files.get(job.job).state is JobState.RUNNING
