"""Removes results that are older than a number of days; scores, labels, decisions and originals stay."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Final

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.errors import MammoLensError
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.keys import InfoKey

_log = logging.getLogger(__name__)
DAY_S: Final = 24 * 3600.0
_LOOK_S: Final = 3600.0
_USER: Final = "retention"  # of the records of the audit log, as of its own retention


class ResultRetention:
    """Removes what is past its time, every hour in a thread.

    An exam's images were stored shortly before the exam: they go one look after it, so that no exam that counts as
    done is without them. Without a result the exam is new; inference on request makes another one.

    Args:
        exams: of the datastore.
        images: the datastore.
        days: for which a result is kept after it was written.
        without_inference: no inference of these exams runs, or begins, until it is left.
        record: appends to the access audit.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        exams: Exams,
        images: ExamImages,
        days: int,
        without_inference: Callable[[Collection[str]], AbstractContextManager[None]],
        record: Callable[[AuditEvent], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._exams, self._images, self._days = exams, images, days
        self._without_inference, self._record, self._now = without_inference, record, now

    def start(self) -> None:
        """Look from now on, in a thread that ends with the process."""
        threading.Thread(target=self._look_repeatedly, name="result retention", daemon=True).start()

    def look(self) -> None:
        """Remove what is past its time, and record how much.

        Raises:
            LedgerError, StorageError: it cannot be recorded; what is removed remains so.
        """
        before = self._now() - self._days * DAY_S
        exams = [self._remove(Of.EXAM, name, before) for name in self._images.results.older(Of.EXAM, before)]
        before -= _LOOK_S
        images = [self._remove(Of.IMAGE, name, before) for name in self._images.results.older(Of.IMAGE, before)]
        if any((*exams, *images)):
            detail = f"results of {sum(exams)} exams and {sum(images)} images removed after {self._days} days"
            _log.info("%s", detail)
            self._record(
                AuditEvent(
                    event=AuditEventId.STUDY_DELETED,
                    action=EventAction.DELETE,
                    outcome=EventOutcome.SUCCESS,
                    user=_USER,
                    detail=detail,
                )
            )

    def _remove(self, of: Of, name: str, before: float) -> bool:
        """Whether a result was removed; one that was replaced meanwhile stays."""
        exam = self._exams.remembered(name)
        with self._without_inference([exam.exam_id] if exam else []):
            if not self._images.results.is_older(of, name, before):
                return False
            if exam and of is Of.EXAM:
                known = self._images.infos(exam.image_ids)
                self._images.update_image_infos({one: {InfoKey.FINGERPRINT.value: None} for one in known})
            self._images.results.drop(of, name)
        return True

    def _look_repeatedly(self) -> None:
        while True:
            try:
                self._exams.all()  # whose images are known then
                self.look()
            except MammoLensError as error:
                _log.warning("results cannot be removed now: %s", error)
            except Exception:  # noqa: BLE001 - the next look may succeed
                _log.exception("results cannot be removed now")
            time.sleep(_LOOK_S)
