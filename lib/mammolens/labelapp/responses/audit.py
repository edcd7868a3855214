"""The access audit."""

from __future__ import annotations

from pydantic import Field

from mammolens.access_audit.words import AuditEventId, AuditEventType, EventAction, EventOutcome
from mammolens.labelapp.responses.base import Response


class AuditEntry(Response):
    """An access, with its position in the hash chain; names of PS3.15 A.5.2 in brackets."""

    sequence: int
    time: str = Field(description="UTC (EventDateTime)")
    event: AuditEventId = Field(description="code of DCM (EventID)")
    event_type: AuditEventType | None = Field(description="code of DCM (EventTypeCode)")
    action: EventAction = Field(description="create, read, update, delete, execute (EventActionCode)")
    outcome: EventOutcome = Field(description="0 success, 4 refused, 8 failed (EventOutcomeIndicator)")
    user: str = Field(description="empty where nobody was logged in (ActiveParticipant)")
    roles: str = Field(description="of the user, with blanks between (RoleIDCode)")
    address: str = Field(description="from which the request came (NetworkAccessPointID)")
    patient: str | None = Field(description="None: no patient, or many (ParticipantObjectID)")
    exam: str | None
    image: str | None
    detail: str = Field(description="the request (ParticipantObjectDetail)")
    request_id: str = Field(description="as in the answer's X-Request-ID and in the log")
    salt: str | None = Field(description="random; covered by the hash. None: erased")
    subject: str | None = Field(description="digest of patient, exam and image that were erased; None: they were not")
    previous_hash: str
    hash: str


class AuditPage(Response):
    """Accesses, the oldest first."""

    events: list[AuditEntry]
    head: str | None = Field(description="NUMBER:HASH of the last record; None where there is none")


class AuditVerification(Response):
    """Whether the audit log is as it was written."""

    intact: bool
    records: int
    removed: int = Field(description="records that retention removed before the first one")
    erased: int = Field(description="of the records, how many were erased for a patient")
    head: str | None
    problem: str | None
