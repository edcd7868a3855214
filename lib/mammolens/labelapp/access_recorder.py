"""Records accesses to patients' data in the audit log, without holding up other requests.

Each answer waits until its own record is in the log; nothing that was answered is missing, also after kill -9. A thread
brings the records to the disk itself every second: a power cut may lose the last one.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, AuditEventType, EventAction, EventOutcome
from mammolens.errors import MammoLensError

_log = logging.getLogger(__name__)
_SYNC_S: Final = 1.0
_REMOVED_S: Final = 24 * 3600.0
_REPEATED_S: Final = 60.0
_MOST_REMEMBERED: Final = 10_000
_APPLICATION: Final = "mammolens"
_REPEATABLE: Final = frozenset({EventAction.READ})

_Key = tuple[object, ...]


class AccessRecorder:
    """Appends events to a log, one after the other, by a thread of its own.

    A page that reloads its list, or a viewer that asks for the frames of an image, reads the same many times: what one
    user reads again from the same address within a minute is the same access, and recorded once. The same holds for
    refusals, so that nobody can fill the disk with them. Changes are recorded each time.

    Args:
        log: to append to; :meth:`close` closes it.
        days: of retention; ``None``: for ever.
        clock: seconds.
    """

    def __init__(self, log: AuditLog, days: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.log = log
        self._days = days
        self._clock = clock
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._recorded: dict[_Key, float] = {}
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="audit-keeper", daemon=True)

    def start(self) -> None:
        """Record that the server has started, and keep what is recorded from now on."""
        self.log.append(_of_application(AuditEventType.APPLICATION_START))
        self._keeper.start()
        atexit.register(self.close)

    async def record(self, event: AuditEvent) -> None:
        """Wait until an event is in the log.

        Raises:
            LedgerError, StorageError: it cannot be recorded.
        """
        await asyncio.get_running_loop().run_in_executor(self._executor, self._record, event)

    def record_from_thread(self, event: AuditEvent) -> None:
        """The same for what is not a request of HTTP; blocks.

        Raises:
            LedgerError, StorageError: it cannot be recorded.
        """
        self._executor.submit(self._record, event).result()

    def close(self) -> None:
        """Record that the server stops, and no more; all is on the disk."""
        atexit.unregister(self.close)
        self._ended.set()
        self._executor.shutdown()
        if self._keeper.ident is not None:  # it was started
            self._keeper.join()
            self.log.append(_of_application(AuditEventType.APPLICATION_STOP))
        self.log.close()

    def _record(self, event: AuditEvent) -> None:
        key = _key_of(event)
        now = self._clock()
        if key is not None and now - self._recorded.get(key, -_REPEATED_S) < _REPEATED_S:
            return
        self.log.append(event)
        if key is not None:
            self._recorded.pop(key, None)  # the newest are the last
            self._recorded[key] = now
            if len(self._recorded) > _MOST_REMEMBERED:
                self._recorded.pop(next(iter(self._recorded)))

    def _keep(self) -> None:
        removed_at = -_REMOVED_S
        while True:
            try:
                if self._days is not None and self._clock() - removed_at >= _REMOVED_S:
                    removed_at = self._clock()
                    if count := self.log.remove_older(self._days):
                        _log.info("audit log: removed %d records that are older than %d days", count, self._days)
                else:
                    self.log.sync()
            except MammoLensError as error:
                _log.error("audit log: %s", error)
            if self._ended.wait(_SYNC_S):
                return


def _of_application(what: AuditEventType) -> AuditEvent:
    event, outcome = AuditEventId.APPLICATION_ACTIVITY, EventOutcome.SUCCESS
    return AuditEvent(event, EventAction.EXECUTE, outcome, _APPLICATION, what)


def _key_of(event: AuditEvent) -> _Key | None:
    """What makes two events the same access; ``None``: each is one of its own."""
    if event.outcome is EventOutcome.MINOR_FAILURE:
        return event.event, event.event_type, event.action, event.user, event.address
    if event.action not in _REPEATABLE or event.outcome is not EventOutcome.SUCCESS:
        return None
    return event.event, event.user, event.address, event.patient, event.exam, event.image, event.detail
