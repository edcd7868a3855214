"""`/mammolens/audit`: who accessed which patient's data: list, export, verify. For admins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query
from fastapi.responses import FileResponse
from monailabel.config import RBAC_ADMIN

from mammolens.access_audit.exchange import export_records, values_of_record
from mammolens.access_audit.log import AuditQuery
from mammolens.labelapp.responses.audit import AuditEntry, AuditPage, AuditVerification
from mammolens.labelapp.routes.dependencies import FOR_ADMINS, FRESH, AuditLogDep
from mammolens.labelapp.routes.table_download import TableFormat, table_download
from mammolens.review.chain import Head

router = APIRouter(prefix="/mammolens/audit", tags=["Audit"], dependencies=[*FOR_ADMINS, FRESH])
_MOST = 100_000


def _query(
    patient: Annotated[str | None, Query(description="only this Patient ID's")] = None,
    user: Annotated[str | None, Query(description="only this account's")] = None,
    exam: Annotated[str | None, Query(description="only this exam's")] = None,
    since: Annotated[datetime | None, Query(description="at this time or later; UTC without a zone")] = None,
    until: Annotated[datetime | None, Query(description="before this time")] = None,
    after: Annotated[int, Query(ge=0, le=2**62, description="only records behind this number")] = 0,
) -> AuditQuery:
    return AuditQuery(patient, user, exam, _utc(since), _utc(until), after)


Wanted = Annotated[AuditQuery, Depends(_query)]


@router.get("", summary=f"{RBAC_ADMIN}Accesses to patients' data")
def events(
    log: AuditLogDep,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="maximum number of entries")] = 1000,
) -> AuditPage:
    """Records of the audit log, the oldest first; to read on, ask for those after the last one's ``sequence``."""
    found = [AuditEntry.model_validate(values_of_record(one)) for one in log.records(wanted, limit=limit)]
    return AuditPage(events=found, head=_text(log.head()))


@router.get(
    "/export",
    summary=f"{RBAC_ADMIN}The audit log as a file",
    response_class=FileResponse,
    responses={200: {"content": {"text/csv": {}, "application/x-ndjson": {}}}},
)
def export(
    log: AuditLogDep,
    wanted: Wanted,
    background_tasks: BackgroundTasks,
    format: TableFormat = "csv",  # noqa: A002
) -> FileResponse:
    """CSV or JSON lines of the same records."""
    return table_download("audit", format, lambda path: export_records(log.records(wanted), path), background_tasks)


@router.get("/verify", summary=f"{RBAC_ADMIN}Is the audit log unaltered?")
def verify(
    log: AuditLogDep,
    head: Annotated[list[str], Query(description="NUMBER:HASH of an earlier answer; may be repeated")] = [],  # noqa: B006 - FastAPI's way
) -> AuditVerification:
    """Follow the chain of hashes; heads that were stored elsewhere show whether its end was cut off or rewritten."""
    found = log.verify(*map(Head.parse, head))
    return AuditVerification(
        intact=found.fault is None,
        records=found.records,
        removed=found.removed,
        erased=found.erased,
        head=_text(found.head),
        problem=found.fault,
    )


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _text(head: Head) -> str | None:
    return str(head) if head.sequence else None
