import pytest

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.job import Job, Track
from mammolens.labelapp.learning.job_files import JobFiles
from mammolens.labelapp.learning.progress_writer import ProgressWriter
from mammolens.training.progress import Stage, TrainingProgress


@pytest.fixture
def a_job(some_files: JobFiles) -> Job:
    job = some_files.save(Job.asked(LearningKind.TRAIN, {}, "anna"))
    some_files.save_track(job.job, Track(log=("the server ended; goes on by itself",)))
    return job


def test_epochs_become_lines_behind_those_of_earlier_attempts(some_files: JobFiles, a_job: Job) -> None:
    write = ProgressWriter(some_files, a_job, clock=lambda: 0.0)
    for epoch in (1, 2):
        write(TrainingProgress(Stage.LEARN, epoch, 2, 0.5, 0.25, 9.0))
    track = some_files.track(a_job.job)
    assert track.log[0] == "the server ended; goes on by itself"
    assert [line.split(",")[0] for line in track.log[1:]] == ["epoch 1/2", "epoch 2/2"]
    assert track.progress is not None
    assert (track.progress.stage, track.progress.done, track.progress.total) == (Stage.LEARN, 2, 2)


def test_images_are_told_at_the_first_and_last_and_twice_a_second(some_files: JobFiles, a_job: Job) -> None:
    seconds = iter([0.0, *(number * 0.1 for number in range(1, 21))])
    write = ProgressWriter(some_files, a_job, clock=lambda: next(seconds))
    seen = []
    for image in range(1, 21):
        write(TrainingProgress(Stage.PREPARE, image, 20))
        progress = some_files.track(a_job.job).progress
        assert progress is not None
        seen.append(progress.done)
    assert sorted(set(seen)) == [1, 6, 11, 16, 20]
    assert some_files.track(a_job.job).log[-1] == "prepare 20/20 images"
