"""Empties the queue of deliveries: attempts, waits, and an end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field

from mammolens.errors import MammoLensError
from mammolens.labelapp.delivery.queue import Delivery, DeliveryKind, DeliveryQueue

_SHORTEST_S: Final = 30.0
_LONGEST_S: Final = 3600.0
_LOOK_S: Final = 30.0
_HOUR_S: Final = 3600.0
_MOST_TOLD: Final = 20
_UNEXPECTED: Final = "unexpected error; the server's log has the details"
_log = logging.getLogger(__name__)


class Channel(Protocol):
    """A way to the receiver of one kind of delivery."""

    def deliver(self, delivery: Delivery) -> Delivery:
        """Send what is not sent yet; returns the delivery with what was stored and refused, and with its trouble.

        Raises:
            MammoLensError: nothing can be delivered now.
        """


class DeliverySummary(BaseModel):
    """What an admin sees of one kind of delivery at ``GET /info/``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: int = Field(description="deliveries to be tried")
    waiting_since: datetime | None = Field(description="since when the oldest of them waits")
    failed: int = Field(description="given up, or refused in part; for 30 days, or until the exam is delivered again")
    failures: dict[str, str] = Field(description="why, by exam, of the latest twenty")
    trouble: str | None = Field(description="why nothing can be delivered now")


@dataclass(slots=True)
class _Route:
    """Whether a receiver can be reached."""

    failures: int = 0
    closed_until: float = 0.0
    trouble: str | None = None


class Courier:
    """Tries deliveries in a thread.

    If a receiver cannot be reached, all its deliveries wait and are tried again after :func:`wait_s`. If it rejects a
    delivery, only that one waits. After some hours the courier gives up a delivery.

    Args:
        queue: of the deliveries.
        channels: by kind; those of other kinds stay in the queue.
        hours: for which a delivery is tried.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        channels: Mapping[DeliveryKind, Channel],
        hours: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._queue, self._channels, self._hours, self._now = queue, channels, hours, now
        self._routes = {kind: _Route() for kind in channels}

    def start(self) -> None:
        """Deliver from now on, in a thread that ends with the process; one process of a server does."""
        if self._channels:
            threading.Thread(target=self._lead, name="delivery", daemon=True).start()

    def look(self) -> None:
        """Try what is due."""
        for kind, channel in self._channels.items():
            self._look(kind, channel)

    def summaries(self) -> dict[DeliveryKind, DeliverySummary]:
        """Of each kind that is delivered."""
        return {kind: self._summary(kind) for kind in self._channels}

    def _summary(self, kind: DeliveryKind) -> DeliverySummary:
        waiting, failed = self._queue.waiting(kind), self._queue.failed(kind)
        oldest = min((one.queued_at for one in waiting), default=None)
        return DeliverySummary(
            waiting=len(waiting),
            waiting_since=None if oldest is None else datetime.fromtimestamp(oldest, UTC).replace(microsecond=0),
            failed=len(failed),
            failures={one.exam: one.reasons for one in failed[:_MOST_TOLD]},
            trouble=self._routes[kind].trouble,
        )

    def _look(self, kind: DeliveryKind, channel: Channel) -> None:
        route = self._routes[kind]
        if self._now() < route.closed_until:
            return
        for delivery in self._queue.waiting(kind):
            if self._now() < delivery.due_at:
                break
            try:
                after = channel.deliver(delivery)
            except MammoLensError as error:
                self._close(kind, str(error))
                return
            except Exception:  # noqa: BLE001 - one odd delivery must not stop the others
                _log.exception("delivery of exam %s (%s) failed", delivery.exam, kind)
                after = delivery.model_copy(update={"trouble": _UNEXPECTED})
            self._routes[kind] = _Route()
            self._settle(delivery, after)

    def _settle(self, before: Delivery, after: Delivery) -> None:
        """Put a delivery off or end it."""
        if after.trouble is None or self._is_overdue(after):
            self._end(before, after)
            return
        attempts = before.attempts + 1
        seconds = wait_s(attempts)
        words = "exam %s (%s): not delivered, again in %.0f s: %s"
        _log.warning(words, after.exam, after.kind, seconds, after.trouble)
        update = {"attempts": attempts, "due_at": self._now() + seconds}
        self._queue.put_off(before, after.model_copy(update=update))

    def _close(self, kind: DeliveryKind, trouble: str) -> None:
        """Wait before the receiver is tried again, and give up what has waited too long."""
        failures = self._routes[kind].failures + 1
        seconds = wait_s(failures)
        self._routes[kind] = _Route(failures, self._now() + seconds, trouble)
        _log.warning("deliveries (%s) wait, again in %.0f s: %s", kind, seconds, trouble)
        for delivery in self._queue.waiting(kind):
            if self._is_overdue(delivery):
                self._end(delivery, delivery.model_copy(update={"trouble": trouble}))

    def _end(self, before: Delivery, after: Delivery) -> None:
        if after.trouble:
            _log.error("exam %s (%s): given up after %g hours: %s", after.exam, after.kind, self._hours, after.reasons)
        elif after.refused:
            _log.error("exam %s (%s): delivered in part; refused: %s", after.exam, after.kind, after.reasons)
        else:
            _log.info("exam %s (%s): delivered", after.exam, after.kind)
        self._queue.end(before, after)

    def _is_overdue(self, delivery: Delivery) -> bool:
        return self._now() - delivery.queued_at > self._hours * _HOUR_S

    def _lead(self) -> None:
        self._queue.folder.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                with FileLock(str(self._queue.folder / ".leader.lock"), timeout=_LOOK_S):
                    while True:
                        self._queue.arrived.clear()
                        self.look()
                        self._queue.arrived.wait(_LOOK_S)
            except Timeout:  # another process leads
                continue
            except Exception:  # noqa: BLE001 - such as a full disk: it continues once that is fixed
                _log.exception("delivery failed; it tries again")
                time.sleep(_LOOK_S)


def wait_s(failures: int) -> float:
    """Seconds until the next attempt after so many failures in a row: from half a minute doubled to an hour.

    Example:
        >>> [wait_s(failures) for failures in (1, 2, 3, 7, 8, 100)]
        [30.0, 60.0, 120.0, 1920.0, 3600.0, 3600.0]
    """
    return min(_SHORTEST_S * 2.0 ** min(failures - 1, 10), _LONGEST_S)
