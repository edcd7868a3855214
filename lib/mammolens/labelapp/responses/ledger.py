"""The decision ledger as a whole."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from mammolens.enums import BiradsCategory, FindingType, NormalityCategory, Verdict
from mammolens.labelapp.responses.base import Response
from mammolens.labelapp.responses.exams import Point, Share
from mammolens.review.decision import Origin
from mammolens.review.policy import PolicyName


class LedgerRegion(Response):
    """A region that a person marked."""

    image: str = Field(description="SOP Instance UID (0008,0018)")
    points: list[Point]
    finding_type: FindingType | None = Field(description="None: not stated")
    birads: BiradsCategory | None = Field(description="assessment category; None: not stated")


class LedgerEntry(Response):
    """A decision or an undo, with its position in the hash chain."""

    sequence: int
    decision_id: UUID
    exam_id: str
    images: list[str] = Field(description="SOP Instance UIDs (0008,0018) of the images that it applies to")
    verdict: Verdict | None = Field(description="None for an undo")
    undoes: UUID | None = Field(description="the decision that is undone, on `images`")
    reviewer: str
    time: str
    comment: str
    regions: list[LedgerRegion]
    model: str | None
    calibration: str | None
    exam_p_value: Share | None
    exam_score: float | None
    viewer: str
    origin: Origin
    second_confirmation: NormalityCategory | None = Field(
        description="category of the exam for which 'normal' was confirmed a second time; None: that was not needed"
    )
    salt: str = Field(description="random; covered by the hash, so that an erased decision cannot be guessed")
    content: None = Field(description="digest of an erased decision; here always None, see the export")
    previous_hash: str
    hash: str


class LedgerPage(Response):
    """Entries, the oldest first."""

    decisions: list[LedgerEntry]
    head: str | None = Field(description="NUMBER:HASH of the ledger's last entry; None where it is empty")
    policy: PolicyName


class LedgerImport(Response):
    """What became of a file's decisions."""

    added: int
    known: int


class LedgerAudit(Response):
    """Whether the ledger is as it was written."""

    intact: bool
    entries: int
    erased: int = Field(description="of these entries, how many were erased for a patient")
    head: str | None
    problem: str | None
