"""The observer of a job: writes how far it is where the server and its clients read it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from mammolens.labelapp.learning.course import Course
from mammolens.labelapp.learning.job import Job, Track
from mammolens.labelapp.learning.job_files import JobFiles
from mammolens.training.progress import Stage, TrainingProgress

_log = logging.getLogger(__name__)
_EVERY_S = 0.5  # nobody looks more often, and each file is written through to the disk
_LINE_EVERY = 50  # images; an epoch always gets its line


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
