"""Learning jobs as values."""

import pytest
from MammoLensLib.learning_job import JobProgress, LearningJob, LearningJobs, Outcome


def jobs(*states: str) -> LearningJobs:
    """The newest first, as the server tells them."""
    told = [{"job": f"j-{number}", "state": state} for number, state in reversed(list(enumerate(states)))]
    running = next((one["job"] for one in told if one["state"] == "running"), None)
    queued = [one["job"] for one in reversed(told) if one["state"] == "queued"]
    return LearningJobs.of_json({"jobs": told, "running": running, "queued": queued})


@pytest.mark.parametrize(
    ("states", "current"),
    [
        (("done", "running", "queued", "queued"), "j-1"),
        (("done", "queued", "queued"), "j-1"),  # the next in the queue, not the newest
        (("done", "stopped"), "j-1"),
        ((), None),
    ],
)
def test_the_job_that_matters_runs_or_is_next_or_was_the_last(states: tuple[str, ...], current: str | None) -> None:
    found = jobs(*states).current
    assert (found.job if found else None) == current


def test_a_job_is_read_in_full() -> None:
    told = {
        "job": "j-1",
        "kind": "train",
        "state": "running",
        "progress": {"stage": "learn", "sentence": "epoch 2 of 8", "share": 1.2, "done": 2},
        "outcome": {"model": "m", "serves": False, "waits": True, "reason": "not worse"},
    }
    job = LearningJob.of_json(told)
    assert job.progress == JobProgress("learn", "epoch 2 of 8", 1.0)
    assert job.outcome == Outcome("m", serves=False, waits=True, reason="not worse")


@pytest.mark.parametrize("odd", [{"progress": [], "outcome": "done"}, {"progress": {"stage": 3}, "outcome": None}])
def test_what_cannot_be_read_is_not_known(odd: dict[str, object]) -> None:
    job = LearningJob.of_json({"job": "j-1", "asked_by": 7, **odd})
    assert job.progress is job.outcome is job.asked_by is None
