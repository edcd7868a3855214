"""One event of the access audit, and its place in the log.

A record's hash covers a salted digest of whose data were accessed. An erasure leaves that digest in their place.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from mammolens.access_audit.words import AuditEventId, AuditEventType, EventAction, EventOutcome
from mammolens.review.chain import Head, digest_of
from mammolens.review.rows import text_of_time, time_of_text

_LONGEST = 128  # of a text that comes from outside


class AuditColumn(StrEnum):
    """Columns of the log, in the order in which they are exported."""

    SEQUENCE = "sequence"
    TIME = "time"
    EVENT = "event"
    EVENT_TYPE = "event_type"
    ACTION = "action"
    OUTCOME = "outcome"
    USER = "user"
    ROLES = "roles"
    ADDRESS = "address"
    PATIENT = "patient"
    EXAM = "exam"
    IMAGE = "image"
    DETAIL = "detail"
    REQUEST_ID = "request_id"
    SALT = "salt"
    SUBJECT = "subject"  # digest of what was erased
    PREVIOUS_HASH = "previous_hash"
    HASH = "hash"


ERASABLE = (AuditColumn.PATIENT, AuditColumn.EXAM, AuditColumn.IMAGE, AuditColumn.SALT)
"""Columns that say whose data were accessed; who did it, when and how, stays after an erasure."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened, who did it, and on whose data; attributes of PS3.15 A.5.2 in brackets.

    Attributes:
        event: what happened (EventID).
        action: create, read, update, delete or execute (EventActionCode).
        outcome: whether it succeeded (EventOutcomeIndicator).
        user: the account's name, empty where nobody was logged in (ActiveParticipant: UserID).
        event_type: more precisely (EventTypeCode); ``None``: the event has no types.
        time: UTC, by the server's clock (EventDateTime).
        roles: of the user (RoleIDCode).
        address: from which the request came (NetworkAccessPointID).
        patient: Patient ID (0010,0020), or where the image has none, its study (ParticipantObjectID of the patient);
            ``None``: no patient, or the data of many.
        exam: id of the exam, as the worklist has it.
        image: id of the image.
        detail: the request, or what else explains the event (ParticipantObjectDetail).
        request_id: ties the event to lines of the server's log.
        salt: random, so that after an erasure nobody can tell from a digest whose data they were.
    """

    event: AuditEventId
    action: EventAction
    outcome: EventOutcome
    user: str
    event_type: AuditEventType | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    roles: tuple[str, ...] = ()
    address: str = ""
    patient: str | None = None
    exam: str | None = None
    image: str | None = None
    detail: str = ""
    request_id: str = ""
    salt: str = field(default_factory=lambda: secrets.token_hex(16), compare=False)

    def __post_init__(self) -> None:
        for name in ("user", "address", "patient", "exam", "image", "request_id"):
            if (text := getattr(self, name)) is not None:
                object.__setattr__(self, name, _storable(text))


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event with its position in the log, counted from 1 since the log was begun.

    Attributes:
        subject: digest of the erased patient, exam and image; ``None``: they were not erased.
    """

    sequence: int
    previous_hash: str
    hash: str
    event: AuditEvent
    subject: str | None = None

    @property
    def head(self) -> Head:
        """The end of the log when this was its last record."""
        return Head(self.sequence, self.hash)


def row_of_event(event: AuditEvent, head: Head) -> dict[str, Any]:
    """The row of the record that comes after ``head``."""
    row: dict[str, Any] = {
        AuditColumn.SEQUENCE.value: head.sequence + 1,
        AuditColumn.TIME.value: text_of_time(event.time),
        AuditColumn.EVENT.value: event.event.value,
        AuditColumn.EVENT_TYPE.value: event.event_type and event.event_type.value,
        AuditColumn.ACTION.value: event.action.value,
        AuditColumn.OUTCOME.value: event.outcome.value,
        AuditColumn.USER.value: event.user,
        AuditColumn.ROLES.value: " ".join(event.roles),
        AuditColumn.ADDRESS.value: event.address,
        AuditColumn.PATIENT.value: event.patient,
        AuditColumn.EXAM.value: event.exam,
        AuditColumn.IMAGE.value: event.image,
        AuditColumn.DETAIL.value: event.detail,
        AuditColumn.REQUEST_ID.value: event.request_id,
        AuditColumn.SALT.value: event.salt,
        AuditColumn.SUBJECT.value: None,
        AuditColumn.PREVIOUS_HASH.value: head.hash,
    }
    return {**row, AuditColumn.HASH.value: hash_of_row(row)}


def hash_of_row(row: Mapping[str, Any]) -> str:
    """The digest of all columns but the hash itself, those that can be erased by a digest of their own."""
    covered = {column.value: row[column] for column in AuditColumn if column not in (*ERASABLE, AuditColumn.HASH)}
    return digest_of({**covered, AuditColumn.SUBJECT.value: subject_of_row(row)})


def subject_of_row(row: Mapping[str, Any]) -> str:
    """The digest of whose data were accessed, erased or not."""
    if is_erased(row):
        return str(row[AuditColumn.SUBJECT])
    return digest_of({column.value: row[column] for column in ERASABLE})


def is_erased(row: Mapping[str, Any]) -> bool:
    """Whether nothing but the digest is left; a row that has both was changed."""
    return row[AuditColumn.SUBJECT] is not None and all(row[column] is None for column in ERASABLE)


def record_of_row(row: Mapping[str, Any]) -> AuditRecord:
    """The record in a row.

    Raises:
        KeyError, TypeError, ValueError: it was changed, and is not a record any more.
    """
    kind = row[AuditColumn.EVENT_TYPE]
    event = AuditEvent(
        event=AuditEventId(row[AuditColumn.EVENT]),
        event_type=None if kind is None else AuditEventType(kind),
        action=EventAction(row[AuditColumn.ACTION]),
        outcome=EventOutcome(row[AuditColumn.OUTCOME]),
        time=time_of_text(row[AuditColumn.TIME]),
        user=row[AuditColumn.USER],
        roles=tuple(row[AuditColumn.ROLES].split()),
        address=row[AuditColumn.ADDRESS],
        patient=row[AuditColumn.PATIENT],
        exam=row[AuditColumn.EXAM],
        image=row[AuditColumn.IMAGE],
        detail=row[AuditColumn.DETAIL],
        request_id=row[AuditColumn.REQUEST_ID],
        salt=row[AuditColumn.SALT] or "",
    )
    previous, own = row[AuditColumn.PREVIOUS_HASH], row[AuditColumn.HASH]
    return AuditRecord(row[AuditColumn.SEQUENCE], previous, own, event, row[AuditColumn.SUBJECT])


def _storable(text: str) -> str:
    """A text that every database and terminal takes, and that fills no disk."""
    return "".join(character if character.isprintable() else "?" for character in text[:_LONGEST])
