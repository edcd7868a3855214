"""``mammolens backup``: a server's ledger, models, results and settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, say
from mammolens.cli.options import LEDGER

if TYPE_CHECKING:
    from mammolens.backup import Manifest

backup = Commands(
    no_args_is_help=True,
    help=(
        "Back up a server's decision ledger, audit log, models, state with results, and settings; verify and restore "
        "them. "
        f"{RESEARCH_USE_ONLY}."
    ),
)
Backup = Annotated[Path, typer.Argument(help="Folder of the backup.")]
LedgerOption = Annotated[str | None, LEDGER]
AuditLogOption = Annotated[
    Path | None,
    typer.Option(
        "--audit-log", "-a", envvar="MAMMOLENS_AUDIT_LOG", help="File of the access audit.", show_default=False
    ),
]
Models = Annotated[
    Path | None, typer.Option("--models", "-s", help="Folder of the server's models ('model_dir').", show_default=False)
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", "-d", help="The folder of studies, or a PACS's folder in the server's cache.", show_default=False
    ),
]


@backup.command()
def create(
    target: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    ledger: LedgerOption = None,
    audit_log: AuditLogOption = None,
    models: Models = None,
    data: Data = None,
    settings: Annotated[
        list[Path] | None,
        typer.Option("--settings", help="A file of settings, such as .env or that of the accounts; repeatable."),
    ] = None,
) -> None:
    """Write and verify a backup of the named parts, even while the server runs.

    --data backs up the state, labels, uploads and results, but not the images.

    Example: mammolens backup create /backup/monday -d /data/studies -l /data/studies/.mammolens/decisions.sqlite
    -a /data/studies/.mammolens/audit.sqlite -s monai_app/model
    """
    with one_line_errors():
        from mammolens.backup import create_backup

        made = create_backup(
            target, ledger=ledger, audit_log=audit_log, models=models, data=data, settings=settings or ()
        )
        say(f"wrote {target}: {_summary(made)}")


@backup.command()
def verify(folder: Backup) -> None:
    """Check every file of a backup, the chain of its ledger, and its models.

    Example: mammolens backup verify /backup/monday
    """
    with one_line_errors():
        from mammolens.backup import verify_backup

        say(f"{folder} is intact: {_summary(verify_backup(folder))}")


@backup.command()
def restore(
    folder: Backup,
    ledger: LedgerOption = None,
    audit_log: AuditLogOption = None,
    models: Models = None,
    data: Data = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="Folder to write the settings to.", show_default=False)
    ] = None,
) -> None:
    """Verify the backup, then restore the named parts; nothing that exists is overwritten.

    The ledger may be restored into another kind of database: its entries and hashes are the same.

    Example: mammolens backup restore /backup/monday -l new/decisions.sqlite -s new/model -d new/studies
    """
    with one_line_errors():
        from mammolens.backup import restore_backup

        if not (ledger or audit_log or models or data or settings):
            raise typer.BadParameter("name what to restore: --ledger, --audit-log, --models, --data or --settings")
        restored = restore_backup(
            folder, ledger=ledger, audit_log=audit_log, models=models, data=data, settings=settings
        )
        say(f"restored from {folder} of {restored.created_at:%Y-%m-%d %H:%M} UTC")


def _summary(manifest: Manifest) -> str:
    parts = [
        None
        if manifest.ledger_head is None
        else f"{manifest.ledger_head.partition(':')[0]} decisions{_erased(manifest.erased_decisions)}",
        None if manifest.audit_head is None else f"the audit log{_erased(manifest.erased_records)}",
        None if manifest.models is None else f"{len(manifest.models)} models",
        None if manifest.data is None else f"data ({', '.join(manifest.data) or 'nothing there yet'})",
        f"{len(manifest.settings)} files of settings" if manifest.settings else None,
    ]
    return ", ".join(part for part in parts if part)


def _erased(count: int) -> str:
    return f" ({count} erased)" if count else ""
