"""``mammolens audit``: who accessed which patient's data on a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, out, say

if TYPE_CHECKING:
    from mammolens.access_audit.log import AuditLog, AuditQuery

audit = Commands(
    no_args_is_help=True,
    help=f"List, export and verify the audit log: who accessed which patient's data. {RESEARCH_USE_ONLY}.",
)
Where = Annotated[
    Path,
    typer.Option(
        "--audit-log",
        "-a",
        envvar="MAMMOLENS_AUDIT_LOG",
        help="File of the audit log; by default of the server, .mammolens/audit.sqlite in the folder of studies.",
        show_default=False,
    ),
]
Patient = Annotated[str | None, typer.Option("--patient", help="Only this Patient ID.", show_default=False)]
User = Annotated[str | None, typer.Option("--user", help="Only this account.", show_default=False)]
Exam = Annotated[str | None, typer.Option("--exam", help="Only this exam.", show_default=False)]
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Since = Annotated[
    datetime | None, typer.Option("--since", help="At this time (UTC) or later.", formats=_TIMES, show_default=False)
]
Until = Annotated[
    datetime | None, typer.Option("--until", help="Before this time (UTC).", formats=_TIMES, show_default=False)
]


@audit.command("list")
def list_(
    audit_log: Where,
    patient: Patient = None,
    user: User = None,
    exam: Exam = None,
    since: Since = None,
    until: Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of a table.")] = False,
) -> None:
    """Show accesses, the oldest first; this is recorded as well.

    Example: mammolens audit list -a site/audit.sqlite --patient 4711 --since 2026-01-31
    """
    with one_line_errors():
        from rich.box import SIMPLE
        from rich.table import Table

        from mammolens.access_audit.exchange import values_of_record
        from mammolens.access_audit.words import EventOutcome

        table = Table(title=RESEARCH_USE_ONLY, box=SIMPLE, title_justify="left")
        table.add_column("no.")
        table.add_column("time (UTC)", no_wrap=True)
        for heading in ("user", "patient, exam", "access"):
            table.add_column(heading, overflow="fold")
        with _opened(audit_log) as log:
            for record in log.records(_query(patient, user, exam, since, until)):
                if as_json:
                    out().print(json.dumps(values_of_record(record)), soft_wrap=True)
                    continue
                one = record.event
                meaning = one.event_type.meaning if one.event_type else f"{one.event.meaning}, {one.action}"
                outcome = "" if one.outcome is EventOutcome.SUCCESS else f"failed ({one.outcome.value}): "
                table.add_row(
                    str(record.sequence),
                    f"{one.time:%Y-%m-%d %H:%M:%S}",
                    " ".join(filter(None, (one.user, one.address))),
                    " ".join(filter(None, (one.patient, one.exam))) if record.subject is None else "erased",
                    outcome + ": ".join(filter(None, (meaning, one.detail))),
                )
            if not as_json:
                out().print(table)
            _note(log, "audit list")


@audit.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="File to write: .csv, or .jsonl for JSON lines.")],
    audit_log: Where,
    patient: Patient = None,
    user: User = None,
    exam: Exam = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write accesses to a file; this is recorded as well.

    Example: mammolens audit export accesses.csv -a site/audit.sqlite --user anna
    """
    with one_line_errors():
        from mammolens.access_audit.exchange import export_records

        with _opened(audit_log) as log:
            count = export_records(log.records(_query(patient, user, exam, since, until)), file)
            _note(log, "audit export")
        say(f"wrote {count} records to {file}")


@audit.command("verify")
def verify(
    audit_log: Where,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="NUMBER:HASH of an earlier verification, stored elsewhere; repeatable."),
    ] = None,
) -> None:
    """Check that no record was changed, removed or inserted; print the head, to be stored elsewhere.

    Example: mammolens audit verify -a site/audit.sqlite
    """
    with one_line_errors():
        from mammolens.errors import LedgerError
        from mammolens.review.chain import Head

        with _opened(audit_log) as log:
            found = log.verify(*(Head.parse(text) for text in head or []))
            if found.fault is not None:
                raise LedgerError(audit_log, found.fault, "find out who changed it, and compare with a backup")
        removed = f" ({found.removed} before them were removed by retention)" if found.removed else ""
        erased = f" ({found.erased} of them erased)" if found.erased else ""
        say(f"{found.records} records, all unchanged{removed}{erased}; store the head elsewhere")
        out().print(str(found.head), soft_wrap=True)


def _opened(path: Path) -> AuditLog:
    from mammolens.access_audit.log import AuditLog

    return AuditLog(path, create=False)


def _query(
    patient: str | None, user: str | None, exam: str | None, since: datetime | None, until: datetime | None
) -> AuditQuery:
    from mammolens.access_audit.log import AuditQuery

    return AuditQuery(patient, user, exam, since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))


def _note(log: AuditLog, command: str) -> None:
    """PS3.15 A.5.3.2: readers of the log are recorded in it."""
    import getpass

    from mammolens.access_audit.event import AuditEvent
    from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome

    event, outcome = AuditEventId.AUDIT_LOG_USED, EventOutcome.SUCCESS
    log.append(AuditEvent(event, EventAction.READ, outcome, getpass.getuser(), detail=f"mammolens {command}"))
