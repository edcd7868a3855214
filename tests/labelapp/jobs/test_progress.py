import pytest

from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, JobStatus
from mammolens.labelapp.jobs.progress import ProgressTracker, ProgressWriter, position
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobProgress
from mammolens.training.progress import Stage, TrainingProgress


def step(stage: Stage, done: int, total: int, left: float | None = None) -> TrainingProgress:
    return TrainingProgress(stage, done, total, 0.1, 0.1, left)


def test_the_share_of_the_whole_grows_to_one_and_never_goes_back() -> None:
    tracker = ProgressTracker(LearningKind.TRAIN, 0.0)
    steps = [(stage, done) for stage in Stage for done in (1, 2, 3, 4)]
    steps.insert(4, (Stage.PREPARE, 1))  # images are looked at once more
    shares = [tracker.update(step(stage, done, 4), now).share for now, (stage, done) in enumerate(steps)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_how_long_it_takes_is_told_by_the_pace_of_the_epochs_and_of_what_comes_then() -> None:
    tracker = ProgressTracker(LearningKind.TRAIN, 0.0)
    assert tracker.update(step(Stage.PREPARE, 4, 4), 100.0).seconds_left is None
    told = tracker.update(step(Stage.LEARN, 1, 10), 110.0)
    assert told.seconds_left == pytest.approx(90 + 100 * 0.25 / 0.65, abs=0.1)
    assert told.sentence == "training: epoch 1 of 10, about 2 minutes left"


def test_a_training_that_goes_on_does_not_count_earlier_epochs_as_quick_ones() -> None:
    tracker = ProgressTracker(LearningKind.TRAIN, 0.0)
    told = tracker.update(step(Stage.LEARN, 8, 10), 10.0)
    assert told.seconds_left == pytest.approx(20 + 100 * 0.25 / 0.65, abs=0.1)


def test_the_last_stage_ends_with_nothing_left() -> None:
    tracker = ProgressTracker(LearningKind.RECALIBRATE, 0.0)
    tracker.update(step(Stage.CALIBRATE, 3, 3), 30.0)
    told = tracker.update(step(Stage.GATE, 4, 4), 60.0)
    assert (told.share, told.seconds_left) == (1.0, 0.0)
    assert told.sentence.endswith("4 of 4, less than a minute left")


def test_attempts_are_compared_by_stage_and_then_by_what_was_done() -> None:
    def told(stage: Stage, done: int) -> JobProgress:
        return JobProgress(stage=stage, sentence="", done=done, total=99)

    assert (0, 0) < position(told(Stage.PREPARE, 90)) < position(told(Stage.LEARN, 1)) < position(told(Stage.LEARN, 2))


@pytest.fixture
def a_job(some_files: JobFiles) -> Job:
    job = some_files.save(Job.requested(LearningKind.TRAIN, {}, "anna"))
    some_files.save_status(job.job, JobStatus(log=("the server ended; resumed automatically",)))
    return job


def test_epochs_become_lines_behind_those_of_earlier_attempts(some_files: JobFiles, a_job: Job) -> None:
    write = ProgressWriter(some_files, a_job, clock=lambda: 0.0)
    for epoch in (1, 2):
        write(TrainingProgress(Stage.LEARN, epoch, 2, 0.5, 0.25, 9.0))
    track = some_files.status(a_job.job)
    assert track.log[0] == "the server ended; resumed automatically"
    assert [line.split(",")[0] for line in track.log[1:]] == ["epoch 1/2", "epoch 2/2"]
    assert track.progress is not None
    assert (track.progress.stage, track.progress.done, track.progress.total) == (Stage.LEARN, 2, 2)


def test_images_are_told_at_the_first_and_last_and_twice_a_second(some_files: JobFiles, a_job: Job) -> None:
    seconds = iter([0.0, *(number * 0.1 for number in range(1, 21))])
    write = ProgressWriter(some_files, a_job, clock=lambda: next(seconds))
    seen = []
    for image in range(1, 21):
        write(TrainingProgress(Stage.PREPARE, image, 20))
        progress = some_files.status(a_job.job).progress
        assert progress is not None
        seen.append(progress.done)
    assert sorted(set(seen)) == [1, 6, 11, 16, 20]
    assert some_files.status(a_job.job).log[-1] == "prepare 20/20 images"
