"""Erase what a server keeps of a patient: results, labels, copies of images, decisions, and names in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.log import AuditLog, AuditSubjects
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.errors import RequestError
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.labels import ErasedFiles
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.identifiers import check_exam_id, check_image_id
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.erasure import ErasureReport
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger

_PATIENT_ID: Final = "PatientID"  # of the PACS's answers, which are remembered
_NOTHING: Final = "nothing is kept of it here"


class ErasableImages(ExamImages, Protocol):
    """A datastore that can forget images."""

    def known_ids(self) -> Collection[str]:
        """Ids of all images that are remembered, those that vanished among them."""

    def erasable(self, image_ids: Collection[str]) -> ErasedFiles:
        """Which files :meth:`erase` would remove."""

    def erase(self, image_ids: Collection[str], sop_instance_uids: Collection[str]) -> ErasedFiles:
        """Forget images, and remove their labels and the server's own copies of them."""


@dataclass(frozen=True, slots=True)
class Requester:
    """Who wants an erasure, and why: what is recorded of it.

    Attributes:
        user: the account's name.
        roles: of the user.
        address: from which the request came.
        reason: names no patient.
        request_id: ties the record to lines of the server's log.
    """

    user: str
    roles: tuple[str, ...]
    address: str
    reason: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class _Scope:
    patients: frozenset[str]
    exams: frozenset[str]
    listed: tuple[Exam, ...]
    images: frozenset[str]
    uids: frozenset[str]
    decisions: tuple[Decision, ...]

    @property
    def subjects(self) -> AuditSubjects:
        """A request with a wrong name may have had the Patient ID in place of an exam or an image."""
        return AuditSubjects(self.patients, self.exams | self.patients, self.images | self.uids | self.patients)

    def concerns(self, decision: Decision) -> bool:
        return decision.exam_id in self.exams or not self.uids.isdisjoint(decision.images)


@dataclass(frozen=True, slots=True)
class Erasures:
    """Lists what would be erased, and erases it, while the server goes on.

    Attributes:
        exams: of the datastore.
        images: the datastore.
        ledger: of decisions.
        log: of the access audit.
        without_inference: no inference of these exams runs, or begins, until it is left.
        forget_exams: tells other parts that remember exams that these are gone.
        forget_training: removes the prepared images of trainings that were stopped.

            Raises RequestError if one is running.
        models_since: versions of the model that were added at this time or later.
        studies_with: names of the reader studies that have one of these exams.
    """

    exams: Exams
    images: ErasableImages
    ledger: Ledger
    log: AuditLog
    without_inference: Callable[[Collection[str]], AbstractContextManager[None]]
    forget_exams: Callable[[Collection[str]], None]
    forget_training: Callable[[], None]
    models_since: Callable[[datetime], list[str]]
    studies_with: Callable[[Collection[str]], list[str]]

    def listed(self, *, patient: str | None = None, exam: str | None = None) -> ErasureReport:
        """What would be erased.

        Args:
            patient: Patient ID (0010,0020); or
            exam: an exam's id.

        Raises:
            RequestError: nothing is kept of them, or neither or both are given.
            PacsError: the PACS does not answer, so that the patient's exams are not known.
        """
        return self._report(self._scope(patient, exam))

    def carry_out(self, requester: Requester, *, patient: str | None = None, exam: str | None = None) -> ErasureReport:
        """Erase it, and record who did so, when, why and how much; an erasure that failed half-way can be repeated.

        The audit log comes last, as by it the exams of a patient are found whose images are gone.

        Raises:
            RequestError: as above, the reason names the patient, or a training is running.
            LedgerError, PacsError, StorageError: something cannot be erased; what was erased before remains so.
        """
        scope = self._scope(patient, exam)
        if any(name in requester.reason for name in scope.patients if name):
            raise RequestError("reason", "names the patient", "the audit log keeps the reason: do not name the patient")
        self.forget_training()
        with self.without_inference(scope.exams):
            planned = self._report(scope)
            for name in scope.exams:
                self.images.results.drop(Of.EXAM, name)
            for name in scope.images:
                self.images.results.drop(Of.IMAGE, name)
            files = self.images.erase(scope.images, scope.uids)
            decisions = len(self.ledger.erase(scope.concerns))
            self.forget_exams(scope.exams)
            planned = planned.model_copy(
                update={"labels": files.labels, "copies": files.copies, "decisions": decisions}
            )
            records = self.log.erase(scope.subjects, lambda count: _event(requester, planned, count))
        return planned.model_copy(update={"done": True, "audit_records": records})

    def _scope(self, patient: str | None, exam: str | None) -> _Scope:
        if (patient is None) == (exam is None):
            raise RequestError("patient, exam", "give one of them", "name a Patient ID, or an exam's id")
        everything = self.exams.all()
        patients = frozenset(filter(None, (patient,)))
        exams = {check_exam_id(exam)} if exam is not None else set()
        exams |= {one.exam_id for one in everything.values() if one.patient in patients}
        records = self.log.concerning(AuditSubjects(patients, exams, ()))
        exams |= {one.event.exam for one in records if one.event.exam and one.event.patient in patients}
        listed = tuple(everything[name] for name in sorted(exams) if name in everything)
        taken = tuple(one.decision for one in self.ledger.all() if one.decision.exam_id in exams)
        uids = {uid for one in listed for uid in one.sop_instance_uids} | {uid for one in taken for uid in one.images}
        images = {name for one in listed for name in one.image_ids}
        gone = {one.event.image for one in records if one.event.image} | uids
        images |= {name for name in gone if self._is_gone(name)}
        infos = self.images.infos(self.images.known_ids())
        images |= {
            name
            for name, info in infos.items()
            if info.get(InfoKey.SOP_INSTANCE_UID) in uids or info.get(_PATIENT_ID) in patients
        }
        if not (images or taken or records):
            raise RequestError("patient" if exam is None else "exam", _NOTHING, "see GET /mammolens/worklist")
        return _Scope(patients, frozenset(exams), listed, frozenset(images), frozenset(uids), taken)

    def _is_gone(self, name: str) -> bool:
        """Whether an image is remembered that no exam has any more; a request may have named anything."""
        with suppress(RequestError):
            known = check_image_id(name) in self.images.known_ids()
            return known and self.exams.remembered(name) is None
        return False

    def _report(self, scope: _Scope) -> ErasureReport:
        results = self.images.results
        of_exams = sum(results.has(Of.EXAM, name) for name in scope.exams)
        of_images = sum(results.has(Of.IMAGE, name) for name in scope.images)
        files = self.images.erasable(scope.images)
        first = min((one.time for one in scope.decisions), default=None)
        return ErasureReport(
            done=False,
            exams=sorted(scope.exams),
            images=len(scope.images),
            results=of_exams + of_images,
            labels=files.labels,
            copies=files.copies,
            decisions=sum(scope.concerns(one.decision) for one in self.ledger.all()),
            audit_records=len(self.log.concerning(scope.subjects)),
            originals_left=sum(len(one.images) for one in scope.listed) - files.listed_copies,
            models=[] if first is None else self.models_since(first),
            reader_studies=self.studies_with(scope.exams),
        )


def _event(requester: Requester, report: ErasureReport, records: int) -> AuditEvent:
    counts = report.model_copy(update={"audit_records": records})
    return AuditEvent(
        event=AuditEventId.STUDY_DELETED,
        action=EventAction.DELETE,
        outcome=EventOutcome.SUCCESS,
        user=requester.user,
        roles=requester.roles,
        address=requester.address,
        detail=f"erasure for a patient ({counts.in_words()}), because: {requester.reason}",
        request_id=requester.request_id,
    )
