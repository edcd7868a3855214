"""`/mammolens/decisions`: the whole ledger: list, export, import, audit."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, File, Query, UploadFile
from fastapi.responses import FileResponse
from monailabel.config import RBAC_ADMIN, RBAC_USER

from mammolens.enums import Verdict
from mammolens.errors import DatasetError, RequestError
from mammolens.labelapp.identifiers import check_exam_id
from mammolens.labelapp.responses.ledger import LedgerAudit, LedgerEntry, LedgerImport, LedgerPage
from mammolens.labelapp.routes.decision_examples import AUDIT, DECISIONS, IMPORTED, answers_with
from mammolens.labelapp.routes.dependencies import (
    FOR_ADMINS,
    FOR_USERS,
    FRESH,
    DecisionsDep,
    LedgerDep,
)
from mammolens.labelapp.routes.table_download import TableFormat, table_download
from mammolens.review.chain import Entry, Head
from mammolens.review.exchange import export_decisions, import_decisions
from mammolens.review.formats import values_of

router = APIRouter(prefix="/mammolens/decisions", tags=["Decisions"], dependencies=[FRESH])
_MOST = 100_000


@router.get("", summary=f"{RBAC_USER}Decisions", dependencies=FOR_USERS, responses=answers_with(DECISIONS))
def decisions(
    taken: DecisionsDep,
    exam: Annotated[str | None, Query(description="only this exam's")] = None,
    reviewer: Annotated[str | None, Query(description="only this person's")] = None,
    verdict: Annotated[Verdict | None, Query(description="only those with this verdict; undos have none")] = None,
    after: Annotated[int, Query(ge=0, description="only entries behind this number")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="maximum number of entries")] = 1000,
) -> LedgerPage:
    """Entries of the ledger, the oldest first; to read on, ask for those after the last one's ``sequence``."""
    snapshot = taken.now()
    entries: Iterable[Entry] = snapshot.of(check_exam_id(exam)).entries if exam else snapshot.entries
    chosen = (
        entry
        for entry in entries
        if entry.sequence > after
        and reviewer in (None, entry.decision.reviewer)
        and verdict in (None, entry.decision.verdict)
    )
    return LedgerPage(
        decisions=[LedgerEntry.model_validate(values_of(entry)) for entry in islice(chosen, limit)],
        head=_head(snapshot.head),
        policy=taken.policy,
    )


@router.get(
    "/export",
    summary=f"{RBAC_USER}The whole ledger as a file",
    dependencies=FOR_USERS,
    response_class=FileResponse,
    responses={200: {"content": {"text/csv": {}, "application/x-ndjson": {}}}},
)
def export(
    ledger: LedgerDep,
    background_tasks: BackgroundTasks,
    format: TableFormat = "csv",  # noqa: A002
) -> FileResponse:
    """CSV or JSON lines; imported into an empty ledger it gives the same entries with the same hashes."""
    return table_download("decisions", format, lambda path: export_decisions(ledger, path), background_tasks)


@router.post(
    "/import",
    summary=f"{RBAC_ADMIN}Import decisions from a file",
    dependencies=FOR_ADMINS,
    responses=answers_with(IMPORTED),
)
def import_file(
    ledger: LedgerDep, file: Annotated[UploadFile, File(description="a .csv or .jsonl file")]
) -> LedgerImport:
    """Imports all decisions of the file or, if a line is not valid, none; known ones are skipped."""
    name = Path(file.filename or "").name or "upload"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{Path(name).suffix}"
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
        try:
            appended = import_decisions(ledger, path)
        except DatasetError as error:
            raise RequestError(ascii(name[:80]), error.reason, error.remedy) from error
    return LedgerImport(added=appended.added, known=len(appended.entries) - appended.added)


@router.get(
    "/audit",
    summary=f"{RBAC_USER}Is the ledger unaltered?",
    dependencies=FOR_USERS,
    responses=answers_with(AUDIT),
)
def audit(
    ledger: LedgerDep,
    head: Annotated[list[str], Query(description="NUMBER:HASH of an earlier answer; may be repeated")] = [],  # noqa: B006 - FastAPI's way
) -> LedgerAudit:
    """Follow the chain of hashes; heads that were stored elsewhere show whether its end was cut off or rewritten."""
    found = ledger.audit(*map(Head.parse, head))
    return LedgerAudit(
        intact=found.is_intact,
        entries=found.entries,
        erased=found.erased,
        head=_head(found.head),
        problem=f"{found.fault.kind}: {found.fault.reason}" if found.fault else None,
    )


def _head(head: Head) -> str | None:
    return str(head) if head.sequence else None
