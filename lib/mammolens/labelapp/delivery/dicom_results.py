"""Results of an exam as DICOM objects for a storage SCP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from pydicom.dataset import Dataset

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.labelapp.datastore.results import Of, ResultStore
from mammolens.labelapp.delivery.queue import Delivery
from mammolens.labelapp.dimse.sender import Answer
from mammolens.labelapp.dimse_settings import DestinationSettings

_GONE: Final = "the result is no longer there; infer the exam again"


class Sender(Protocol):
    """:class:`mammolens.labelapp.dimse.sender.StorageSender`."""

    def send(self, objects: Iterable[Dataset]) -> Iterator[Answer]:
        """Send objects, of which each is answered."""


class DicomResults:
    """Sends the objects of an exam that the destination does not have yet; what was sent is in the access audit.

    Args:
        sender: to the destination.
        destination: its name and address, for the audit.
        results: where the objects are.
        record: appends to the access audit.
    """

    def __init__(
        self,
        sender: Sender,
        destination: DestinationSettings,
        results: ResultStore,
        record: Callable[[AuditEvent], None],
    ) -> None:
        self._sender, self._to, self._results, self._record = sender, destination, results, record

    def deliver(self, delivery: Delivery) -> Delivery:
        """Send what is missing.

        An object keeps its SOP Instance UID, so a destination that has it from an attempt whose answer was lost has
        it once.

        Raises:
            PacsError: the destination cannot be reached.
            ConfigError: a file of TLS that cannot be used.
            LedgerError, StorageError: what was sent cannot be recorded; it is sent again.
        """
        if self._results.get(Of.EXAM, delivery.exam, delivery.fingerprint) is None:
            return delivery.model_copy(update={"refused": {**delivery.refused, "": _GONE}, "trouble": None})
        patients: set[str] = set()
        stored, refused, troubles = list(delivery.stored), dict(delivery.refused), []
        for answer in self._sender.send(self._missing(delivery, patients)):
            if answer.trouble is None:
                stored.append(answer.sop_instance_uid)
            elif answer.is_final:
                refused[answer.sop_instance_uid] = answer.trouble
            else:
                troubles.append(answer.trouble)
        if sent := len(stored) - len(delivery.stored):
            self._record(self._event(delivery.exam, sent, patients))
        trouble = "; ".join(dict.fromkeys(troubles)) or None
        return delivery.model_copy(update={"stored": tuple(stored), "refused": refused, "trouble": trouble})

    def _missing(self, delivery: Delivery, patients: set[str]) -> Iterator[Dataset]:
        for dataset in self._results.objects(delivery.exam, delivery.images, delivery.fingerprint):
            if dataset.SOPInstanceUID not in {*delivery.stored, *delivery.refused}:
                patients.add(str(dataset.get("PatientID") or dataset.StudyInstanceUID))
                yield dataset

    def _event(self, exam: str, sent: int, patients: set[str]) -> AuditEvent:
        return AuditEvent(
            event=AuditEventId.INSTANCES_TRANSFERRED,
            action=EventAction.READ,
            outcome=EventOutcome.SUCCESS,
            user=self._to.ae_title,
            address=self._to.host,
            patient=min(patients),
            exam=exam,
            detail=f"C-STORE of {sent} results",
        )
