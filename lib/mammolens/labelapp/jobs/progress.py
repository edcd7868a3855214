"""Progress of a job as a whole and time left, derived from the progress of its stages."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, JobStatus
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobProgress
from mammolens.training.progress import Stage, TrainingProgress

_log = logging.getLogger(__name__)
# About what a stage takes of the whole; which is right only for a bar. Seconds left lean on it for stages to come.
_PARTS: dict[LearningKind, dict[Stage, float]] = {
    LearningKind.TRAIN: {Stage.PREPARE: 0.10, Stage.LEARN: 0.65, Stage.CALIBRATE: 0.10, Stage.GATE: 0.15},
    LearningKind.RECALIBRATE: {Stage.PREPARE: 0.10, Stage.CALIBRATE: 0.45, Stage.GATE: 0.45},
}
_EVERY_S = 0.5  # nobody looks more often, and each file is written through to the disk
_LINE_EVERY = 50  # images; an epoch always gets its line
_ENOUGH_S = 2.0  # before that the pace of a stage is a guess
_WORDS = {
    Stage.PREPARE: "preparing images: {done} of {total}",
    Stage.LEARN: "training: epoch {done} of {total}",
    Stage.CALIBRATE: "calibrating: image {done} of {total}",
    Stage.GATE: "comparing with the model in use: {done} of {total}",
}


class ProgressTracker:
    """Tracks the progress of one job.

    Args:
        kind: of the job.
        now: seconds of a clock that never goes back, when the job's process began.
    """

    def __init__(self, kind: LearningKind, now: float) -> None:
        self._parts = _PARTS[kind]
        self._stage: Stage | None = None
        self._began = self._last = now
        self._done_before = 0
        self._share = 0.0

    def update(self, step: TrainingProgress, now: float) -> JobProgress:
        """Progress of the whole job after a step; the share never decreases."""
        if step.stage is not self._stage:
            # A resumed training continues to count where it stopped.
            self._stage, self._began, self._done_before = step.stage, self._last, max(0, step.done - 1)
        self._last = now
        left = self._seconds_left(step, now)
        share = self._before(step.stage) + self._part(step.stage) * _ratio(step)
        self._share = min(1.0, max(self._share, share))
        return JobProgress(
            stage=step.stage,
            sentence=_sentence(step, left),
            done=step.done,
            total=step.total,
            share=round(self._share, 4),
            seconds_left=left,
        )

    def _seconds_left(self, step: TrainingProgress, now: float) -> float | None:
        """Of this stage by its own pace, of those to come in proportion; not before the longest stage has begun."""
        steps, seconds = step.done - self._done_before, now - self._began
        if step.stage is Stage.PREPARE or steps < 1 or seconds < _ENOUGH_S:
            return None
        pace = seconds / steps
        rest = pace * (step.total - step.done) if step.seconds_left is None else step.seconds_left
        to_come = max(0.0, 1.0 - self._before(step.stage) - self._part(step.stage))
        return round(rest + to_come / self._part(step.stage) * pace * step.total, 1)

    def _part(self, stage: Stage) -> float:
        return self._parts.get(stage, 0.1)

    def _before(self, stage: Stage) -> float:
        order = list(Stage)
        return sum(part for earlier, part in self._parts.items() if order.index(earlier) < order.index(stage))


class ProgressWriter:
    """Observer of a job: writes its progress at most twice a second; first and last steps and epochs always.

    Args:
        files: of the jobs.
        job: that runs.
        clock: monotonic, in seconds.
    """

    def __init__(self, files: JobFiles, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        self._files, self._job, self._clock = files, job, clock
        self._tracker = ProgressTracker(job.kind, clock())
        self._log = files.status(job.job).log
        self._written = -_EVERY_S

    def __call__(self, step: TrainingProgress) -> None:
        """Report a step."""
        now = self._clock()
        progress = self._tracker.update(step, now)
        if worth_a_line := self._is_worth_a_line(step):
            self._note(str(step))
        if worth_a_line or step.done <= 1 or now - self._written >= _EVERY_S:
            self._written = now
            self._files.save_status(self._job.job, JobStatus(progress=progress, log=self._log))

    def note(self, line: str) -> None:
        """Add a line to the job's log."""
        self._note(line)
        self._files.save_status(
            self._job.job, JobStatus(progress=self._files.status(self._job.job).progress, log=self._log)
        )

    def _note(self, line: str) -> None:
        _log.info("%s", line)
        self._log = JobStatus(log=self._log).with_line(line).log

    @staticmethod
    def _is_worth_a_line(step: TrainingProgress) -> bool:
        return step.stage is Stage.LEARN or step.done % _LINE_EVERY == 0 or step.done == step.total


def position(step: JobProgress) -> tuple[int, int]:
    """Position of a step, to compare attempts: number of the stage, from 1, and steps done of it."""
    return list(Stage).index(step.stage) + 1, step.done


def _ratio(step: TrainingProgress) -> float:
    return min(1.0, step.done / step.total) if step.total else 0.0


def _sentence(step: TrainingProgress, left: float | None) -> str:
    words = _WORDS[step.stage].format(done=step.done, total=step.total)
    return words if left is None else f"{words}, {_time_left(left)}"


def _time_left(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute left"
    if seconds < 5400:
        minutes = round(seconds / 60)
        return f"about {minutes} minute{'s' * (minutes > 1)} left"
    return f"about {round(seconds / 3600)} hours left"
