"""Scheduled trainings: at a time of day, or when enough exams were confirmed as normal."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import date, datetime

from mammolens.errors import MammoLensError
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.settings import ServerSettings

_log = logging.getLogger(__name__)
ASKED_BY = "schedule"
_LOOK_S = 10.0

CountNormals = Callable[[datetime | None, datetime], int]
"""Number of exams confirmed as normal by a decision after a time (``None``: at any time) and not after another one."""


class Schedule:
    """Requests a training when it is due and there are new normal exams.

    With a time of day it checks once a day, then or as soon as it can; with a number of exams alone, every ten
    seconds. Exams count as new if they were confirmed since anyone last requested a training, regardless of its
    outcome. A time of day that passed while the server was off is skipped. If the clock was set back, trainings and
    decisions dated in the future count when their time comes.

    Args:
        settings: time of day and number.
        queue: for the trainings.
        count_normals: number of new exams.
        now: local time.
    """

    def __init__(
        self,
        settings: ServerSettings,
        queue: LearningQueue,
        count_normals: CountNormals,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._settings, self._queue, self._count_normals, self._now = settings, queue, count_normals, now
        self._looked_on = now().date() if self._is_past(now()) else date.min

    def start(self) -> None:
        """Start checking in a thread, if there is a schedule."""
        if self._settings.is_scheduled:
            threading.Thread(target=self._check_repeatedly, name="schedule", daemon=True).start()

    def look(self) -> bool:
        """Request a training if it is due; returns whether it did."""
        if not self._is_time() or self._is_training():
            return False
        now, wanted = self._now(), self._settings.retrain_after or 1
        new = self._count_normals(self._last_training(now), now)
        if new >= wanted:
            _log.info("%d exams were confirmed as normal since the last training; %d are required", new, wanted)
            self._queue.ask(LearningKind.TRAIN, {}, ASKED_BY)
        self._looked_on = now.date()  # not earlier: while a training runs, or after a failure, it checks again
        return new >= wanted

    def _check_repeatedly(self) -> None:
        while True:
            try:
                self.look()
            except MammoLensError as error:
                _log.warning("cannot check now whether a training is due: %s", error)
            except Exception:  # noqa: BLE001 - the next check may succeed
                _log.exception("cannot check now whether a training is due")
            time.sleep(_LOOK_S)

    def _is_time(self) -> bool:
        if self._settings.retrain_at is None:
            return True
        now = self._now()
        return self._is_past(now) and self._looked_on != now.date()

    def _is_past(self, now: datetime) -> bool:
        return self._settings.retrain_at is not None and now.time() >= self._settings.retrain_at

    def _is_training(self) -> bool:
        return any(job.kind is LearningKind.TRAIN and not job.state.is_over for job in self._queue.all())

    def _last_training(self, now: datetime) -> datetime | None:
        trainings = (job.asked_at for job in self._queue.all() if job.kind is LearningKind.TRAIN)
        return max((asked_at for asked_at in trainings if asked_at <= now), default=None)
