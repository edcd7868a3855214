import pytest

from mammolens.labelapp.jobs.job import LOG_LINES, Job, JobStatus, detail_of
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobProgress, JobState
from mammolens.training.progress import Stage

from .conftest import OUTCOME

PROGRESS = JobProgress(stage=Stage.LEARN, sentence="learns", done=1, total=3, share=0.4)


def test_clients_see_a_job_without_what_only_the_queue_needs() -> None:
    told = detail_of(Job.requested(LearningKind.TRAIN, {"epochs": 3}, "anna"), JobStatus(log=("queued",)))
    assert not {"queued_at", "crashes", "reached"} & set(told.model_dump())
    assert (told.state, told.parameters, told.log) == ("queued", {"epochs": 3}, ["queued"])
    assert told.model_dump(mode="json")["asked_at"].endswith("Z")


def test_only_a_running_job_has_progress() -> None:
    job, track = Job.requested(LearningKind.TRAIN, {}, "anna"), JobStatus(progress=PROGRESS)
    assert detail_of(job.changed(state=JobState.RUNNING), track).progress == PROGRESS
    assert detail_of(job.changed(state=JobState.STOPPED), track).progress is None


@pytest.mark.parametrize(
    ("state", "outcome", "label"),
    [
        (JobState.QUEUED, None, "queued"),
        (JobState.FAILED, None, "failed: the disk is full"),
        (JobState.DONE, {"serves": True}, "the new model is in use"),
        (JobState.DONE, {"waits": True}, "the new model awaits approval"),
        (JobState.DONE, {}, "the model in use stays; it flags too many"),
    ],
)
def test_the_state_of_a_job_is_answered_in_words(state, outcome, label) -> None:
    job = Job.requested(LearningKind.RECALIBRATE, {}, "anna").changed(state=state, error="the disk is full")
    if outcome is not None:
        rejected = OUTCOME.model_copy(update={"serves": False, "reason": "it flags too many"})
        job = job.changed(outcome=rejected.model_copy(update=outcome).model_dump(mode="json"))
    told = detail_of(job, JobStatus())
    assert (told.kind_label, told.state_label, told.doing) == ("Recalibration", label, None)


def test_what_a_running_job_does_is_answered_in_words() -> None:
    job = Job.requested(LearningKind.TRAIN, {}, "anna").changed(state=JobState.RUNNING)
    assert detail_of(job, JobStatus()).doing == "training the model"
    assert detail_of(job, JobStatus(progress=PROGRESS)).doing == "learns"


def test_the_last_lines_are_kept() -> None:
    track = JobStatus(progress=PROGRESS)
    for number in range(LOG_LINES + 5):
        track = track.with_line(f"line {number}")
    assert (track.log[0], track.log[-1]) == ("line 5", f"line {LOG_LINES + 4}")
    assert track.progress == PROGRESS
