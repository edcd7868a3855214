"""How far a job is as a whole, and how long it still takes, from what its stages tell."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, Track
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import JobProgress
from mammolens.training.progress import Stage, TrainingProgress

_log = logging.getLogger(__name__)
# About what a stage takes of the whole; which is right only for a bar. Seconds left lean on it for stages to come.
_PARTS: dict[LearningKind, dict[Stage, float]] = {
    LearningKind.TRAIN: {Stage.PREPARE: 0.10, Stage.LEARN: 0.65, Stage.CALIBRATE: 0.10, Stage.JUDGE: 0.15},
    LearningKind.RECALIBRATE: {Stage.PREPARE: 0.10, Stage.CALIBRATE: 0.45, Stage.JUDGE: 0.45},
}
_EVERY_S = 0.5  # nobody looks more often, and each file is written through to the disk
_LINE_EVERY = 50  # images; an epoch always gets its line
_ENOUGH_S = 2.0  # before that the pace of a stage is a guess
_WORDS = {
    Stage.PREPARE: "looks at the images: {done} of {total}",
    Stage.LEARN: "learns: epoch {done} of {total}",
    Stage.CALIBRATE: "calibrates: image {done} of {total}",
    Stage.JUDGE: "compares the new model with the serving one: {done} of {total}",
}


class Course:
    """Follows one job.

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

    def follow(self, told: TrainingProgress, now: float) -> JobProgress:
        """What a step means for the whole job; the share never goes back."""
        if told.stage is not self._stage:
            # A training that goes on begins to count where it stopped.
            self._stage, self._began, self._done_before = told.stage, self._last, max(0, told.done - 1)
        self._last = now
        left = self._seconds_left(told, now)
        share = self._before(told.stage) + self._part(told.stage) * _ratio(told)
        self._share = min(1.0, max(self._share, share))
        return JobProgress(
            stage=told.stage,
            sentence=_sentence(told, left),
            done=told.done,
            total=told.total,
            share=round(self._share, 4),
            seconds_left=left,
        )

    def _seconds_left(self, told: TrainingProgress, now: float) -> float | None:
        """Of this stage by its own pace, of those to come in proportion; not before the longest stage has begun."""
        steps, seconds = told.done - self._done_before, now - self._began
        if told.stage is Stage.PREPARE or steps < 1 or seconds < _ENOUGH_S:
            return None
        pace = seconds / steps
        rest = pace * (told.total - told.done) if told.seconds_left is None else told.seconds_left
        to_come = max(0.0, 1.0 - self._before(told.stage) - self._part(told.stage))
        return round(rest + to_come / self._part(told.stage) * pace * told.total, 1)

    def _part(self, stage: Stage) -> float:
        return self._parts.get(stage, 0.1)

    def _before(self, stage: Stage) -> float:
        order = list(Stage)
        return sum(part for earlier, part in self._parts.items() if order.index(earlier) < order.index(stage))


class ProgressWriter:
    """Tells of every step, at most twice a second; a stage's first and last steps and epochs always.

    Args:
        files: where to.
        job: the one that runs.
        clock: seconds, never going back.
    """

    def __init__(self, files: JobFiles, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        self._files, self._job, self._clock = files, job, clock
        self._course = Course(job.kind, clock())
        self._log = files.track(job.job).log
        self._written = -_EVERY_S

    def __call__(self, told: TrainingProgress) -> None:
        """One step more."""
        now = self._clock()
        progress = self._course.follow(told, now)
        if worth_a_line := self._is_worth_a_line(told):
            self._note(str(told))
        if worth_a_line or told.done <= 1 or now - self._written >= _EVERY_S:
            self._written = now
            self._files.save_track(self._job.job, Track(progress=progress, log=self._log))

    def note(self, line: str) -> None:
        """A line that is no step."""
        self._note(line)
        self._files.save_track(self._job.job, Track(progress=self._files.track(self._job.job).progress, log=self._log))

    def _note(self, line: str) -> None:
        _log.info("%s", line)
        self._log = Track(log=self._log).with_line(line).log

    @staticmethod
    def _is_worth_a_line(told: TrainingProgress) -> bool:
        return told.stage is Stage.LEARN or told.done % _LINE_EVERY == 0 or told.done == told.total


def place(told: JobProgress) -> tuple[int, int]:
    """How far a step is, to compare attempts: number of the stage, from 1, and what was done of it."""
    return list(Stage).index(told.stage) + 1, told.done


def _ratio(told: TrainingProgress) -> float:
    return min(1.0, told.done / told.total) if told.total else 0.0


def _sentence(told: TrainingProgress, left: float | None) -> str:
    words = _WORDS[told.stage].format(done=told.done, total=told.total)
    return words if left is None else f"{words}, {_time_left(left)}"


def _time_left(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute left"
    if seconds < 5400:
        minutes = round(seconds / 60)
        return f"about {minutes} minute{'s' * (minutes > 1)} left"
    return f"about {round(seconds / 3600)} hours left"
