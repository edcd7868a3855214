import pytest

from mammolens.errors import UnknownJobError
from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, JobResult, JobStatus
from mammolens.labelapp.keys import LearningKind


def test_a_job_is_read_as_it_was_written(some_files: JobFiles) -> None:
    job = some_files.save(Job.requested(LearningKind.TRAIN, {"epochs": 3, "learning_rate": 0.5}, "anna"))
    assert some_files.get(job.job) == job
    assert some_files.all() == [job]


@pytest.mark.parametrize("name", ["20261122T221500-0123abcd", "../../etc/passwd", "", ".lock"])
def test_a_job_that_is_not_there_is_named(some_files: JobFiles, name: str) -> None:
    with pytest.raises(UnknownJobError, match="is not known here"):
        some_files.get(name)


def test_what_its_process_writes_is_no_job(some_files: JobFiles) -> None:
    job = some_files.save(Job.requested(LearningKind.TRAIN, {}, "anna"))
    some_files.save_status(job.job, JobStatus(log=("one",)))
    some_files.save_result(job.job, JobResult(error="why"))
    assert [found.job for found in some_files.all()] == [job.job]
    assert some_files.status(job.job).log == ("one",)
    assert some_files.result(job.job) == JobResult(error="why")


def test_a_damaged_file_is_left_out_and_does_not_hide_the_others(some_files: JobFiles) -> None:
    job = some_files.save(Job.requested(LearningKind.TRAIN, {}, "anna"))
    (some_files.root / "20261122T221500-0123abcd.json").write_text('{"job":')
    assert some_files.all() == [job]


def test_before_a_job_begins_anew_its_ending_and_the_wish_to_stop_are_gone(some_files: JobFiles) -> None:
    job = some_files.save(Job.requested(LearningKind.TRAIN, {}, "anna"))
    some_files.save_result(job.job, JobResult(error="why"))
    some_files.ask_to_stop(job.job, "berta")
    assert some_files.stop_asked_by(job.job) == "berta"
    some_files.clear(job.job)
    assert some_files.result(job.job) is None
    assert some_files.stop_asked_by(job.job) is None


def test_a_forgotten_job_leaves_nothing_behind(some_files: JobFiles) -> None:
    job = some_files.save(Job.requested(LearningKind.TRAIN, {}, "anna"))
    some_files.save_status(job.job, JobStatus(log=("one",)))
    some_files.save_result(job.job, JobResult(error="why"))
    for folder in (some_files.work_folder(job.job), some_files.work_folder(f".{job.job}.training")):
        folder.mkdir(parents=True)
        (folder / "checkpoint.safetensors").touch()
    some_files.forget(job.job)
    assert not [path for path in some_files.root.rglob("*") if job.job in path.name]
