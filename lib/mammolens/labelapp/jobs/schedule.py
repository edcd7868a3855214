"""Trainings that the server begins by itself: at a time of day, or when enough exams were accepted."""

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

Accepted = Callable[[datetime | None], int]
"""How many exams are accepted as normal by a decision after a time; ``None``: after any."""


class Schedule:
    """Asks for a training when it is time and there is something new to learn from.

    With a time of day it looks once a day, then or as soon as it can tell; with a number of exams alone, every ten
    seconds. New is what was accepted since the last training was asked for, by whomever and however it ended. A time
    of day that passed while the server was off is not made up for.

    Args:
        settings: time of day and number.
        queue: is asked.
        accepted: counts.
        now: this computer's local time.
    """

    def __init__(
        self,
        settings: ServerSettings,
        queue: LearningQueue,
        accepted: Accepted,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._settings, self._queue, self._accepted, self._now = settings, queue, accepted, now
        self._looked_on = now().date() if self._is_past(now()) else date.min

    def start(self) -> None:
        """Look from now on, in a thread; without a schedule nothing is started."""
        if self._settings.is_scheduled:
            threading.Thread(target=self._look_on_and_on, name="schedule", daemon=True).start()

    def look(self) -> bool:
        """Ask for a training if it is time; says whether it did."""
        if not self._is_time() or self._is_training():
            return False
        today, wanted = self._now().date(), self._settings.retrain_after or 1
        accepted = self._accepted(self._last_training())
        if accepted >= wanted:
            _log.info("%d exams were accepted since the last training, of %d that are waited for", accepted, wanted)
            self._queue.ask(LearningKind.TRAIN, {}, ASKED_BY)
        self._looked_on = today  # not before: where a training runs, or anything fails, it is looked again
        return accepted >= wanted

    def _look_on_and_on(self) -> None:
        while True:
            try:
                self.look()
            except MammoLensError as error:
                _log.warning("whether to train cannot be told now: %s", error)
            except Exception:  # noqa: BLE001 - the next look may go well
                _log.exception("whether to train cannot be told now")
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

    def _last_training(self) -> datetime | None:
        return max((job.asked_at for job in self._queue.all() if job.kind is LearningKind.TRAIN), default=None)
