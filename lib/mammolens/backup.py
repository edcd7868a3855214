"""Back up a server: ledger, audit log, models, what is kept of the images, and settings; verify and restore it.

A backup is a folder: ``ledger/decisions.jsonl``, ``audit/audit.sqlite``, the model store in ``models/``, the kept
files in ``data/`` as they lie in the folder of studies or the cache of a PACS, settings in ``settings/``,
``manifest.json``, and ``SHA256SUMS``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens import __version__
from mammolens.access_audit.log import AuditLog, Verification
from mammolens.errors import BackupError, LedgerError, MammoLensError
from mammolens.files import sha256_of, write_text
from mammolens.models.store import ModelStore
from mammolens.review.audit import Audit
from mammolens.review.chain import Head
from mammolens.review.exchange import export_decisions, import_decisions
from mammolens.review.ledger import Ledger

CHECKSUMS, MANIFEST = "SHA256SUMS", "manifest.json"
LEDGER, AUDIT, MODELS, DATA, SETTINGS = "ledger", "audit", "models", "data", "settings"
KEPT_DATA = (
    "datastore_v2.json",
    "labels",
    "uploads",
    ".mammolens/results",
    "results",
    ".mammolens/reader_studies",
    "reader_studies",
)
"""What is backed up of a folder of studies, or of a PACS's cache, relative to it; images have a backup of their own."""

_DECISIONS = "decisions.jsonl"
_AUDIT_LOG = "audit.sqlite"
_ANOTHER = "take another backup"


class Manifest(BaseModel):
    """What a backup holds; ``None``: that part was not backed up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(description="of MammoLens")
    created_at: datetime = Field(description="UTC")
    ledger_head: str | None = Field(description="number and hash of the ledger's last entry")
    audit_head: str | None = Field(None, description="number and hash of the audit log's last record")
    erased_decisions: int = Field(0, description="of the ledger's entries, how many were erased for a patient")
    erased_records: int = Field(0, description="the same of the audit log's records")
    models: tuple[str, ...] | None = Field(description="versions of the model store")
    serving: str | None = Field(description="the version in use; None: the model of the package")
    data: tuple[str, ...] | None = Field(description="the parts of the image folder that were backed up, of KEPT_DATA")
    settings: tuple[str, ...] = Field(description="names of files")


def create_backup(
    target: Path,
    *,
    ledger: str | Path | None = None,
    audit_log: Path | None = None,
    models: Path | None = None,
    data: Path | None = None,
    settings: Sequence[Path] = (),
) -> Manifest:
    """Write a backup, whole or not at all; for its owner alone, and verified before it is there.

    The server may run: the ledger is of one moment, models never change, and state is replaced whole. A result that is
    being made may be missing; it is made again by the next inference.

    Args:
        target: folder to write; must not exist.
        ledger: path or URL of the ledger.
        audit_log: file of the access audit.
        models: folder of the model store.
        data: folder of studies, or a PACS's folder in the cache.
        settings: files, such as ``.env``, that of the accounts, or the gate's margins.

    Raises:
        BackupError: ``target`` exists, there is nothing to back up, or a file cannot be copied.
        LedgerError, ModelError: ledger, audit log or models are damaged; what is damaged is not backed up in silence.
    """
    if target.exists():
        raise BackupError(target, "already exists", "give a folder that does not exist")
    if not (settings or any(part is not None for part in (ledger, audit_log, models, data))):
        raise BackupError(target, "would be empty", "name a ledger, an audit log, models, data or settings to back up")
    with _made_whole(target) as folder:
        audited = _back_up_ledger(ledger, folder / LEDGER) if ledger is not None else None
        verified = _back_up_audit_log(audit_log, folder / AUDIT) if audit_log is not None else None
        store = ModelStore(models) if models is not None else None
        if store is not None:
            store.copy_to(folder / MODELS)
        kept = _copied(data, KEPT_DATA, folder / DATA) if data is not None else None
        for file in settings:
            (folder / SETTINGS).mkdir(exist_ok=True)
            if (folder / SETTINGS / file.name).exists():
                raise BackupError(file, "has the name of another file of settings", "rename one of them")
            shutil.copy2(file, folder / SETTINGS / file.name)
        manifest = Manifest(
            version=__version__,
            created_at=datetime.now(UTC),
            ledger_head=str(audited.head) if audited is not None else None,
            audit_head=str(verified.head) if verified is not None else None,
            erased_decisions=audited.erased if audited is not None else 0,
            erased_records=verified.erased if verified is not None else 0,
            models=tuple(store.versions()) if store is not None else None,
            serving=store.serving_version() if store is not None else None,
            data=kept,
            settings=tuple(file.name for file in settings),
        )
        write_text(folder / MANIFEST, manifest.model_dump_json(indent=1))
        lines = (f"{sha256_of(folder / name, BackupError)}  {name}\n" for name in _files(folder))
        write_text(folder / CHECKSUMS, "".join(lines))
        verify_backup(folder)
    return manifest


def verify_backup(backup: Path) -> Manifest:
    """Check a backup: every file by its checksum, the chains of ledger and audit log to their heads, every model.

    Raises:
        BackupError: no backup, or a file is damaged, missing or too much; names it.
        LedgerError, ModelError: what the backup holds is not a whole ledger, or no whole model.
    """
    manifest = _manifest(backup)
    _check_files(backup)
    if manifest.ledger_head is not None:
        with tempfile.TemporaryDirectory(prefix="mammolens-verify-") as folder:
            _restore_ledger(backup, manifest.ledger_head, Path(folder) / "decisions.sqlite")
    if manifest.audit_head is not None:
        _check_audit_log(backup / AUDIT / _AUDIT_LOG, Head.parse(manifest.audit_head))
    if manifest.models is not None:
        store = ModelStore(backup / MODELS)
        store.history()
        for version in manifest.models:
            store.checked(version)
    return manifest


def restore_backup(
    backup: Path,
    *,
    ledger: str | Path | None = None,
    audit_log: Path | None = None,
    models: Path | None = None,
    data: Path | None = None,
    settings: Path | None = None,
) -> Manifest:
    """Verify a backup and restore the parts that are named; nothing that exists is overwritten.

    Args:
        backup: folder of :func:`create_backup`.
        ledger: path or URL of an empty ledger, in SQLite or PostgreSQL regardless of the old one: the entries and their
            hashes are the same.
        audit_log: file to write.
        models: folder of the model store to write.
        data: folder of studies, or a PACS's folder in the cache, without state of a server.
        settings: folder to write the files to.

    Raises:
        BackupError: a target has something already, or the backup has no such part.
        LedgerError, ModelError: as :func:`verify_backup`.
    """
    manifest = verify_backup(backup)
    parts = {
        LEDGER: (ledger, manifest.ledger_head),
        "audit-log": (audit_log, manifest.audit_head),
        MODELS: (models, manifest.models),
        DATA: (data, manifest.data),
    }
    for name, (target, part) in parts.items():
        if target is not None and part is None:
            raise BackupError(backup, f"contains no {name}", f"leave --{name} out, or {_ANOTHER}")
    names = list(manifest.data or ())
    targets = [
        *([audit_log] if audit_log else []),
        *([models] if models else []),
        *([data / name for name in names] if data else []),
    ]
    targets += [settings / name for name in manifest.settings] if settings else []
    for target in targets:
        if target.exists() and (target.is_file() or any(target.iterdir())):
            raise BackupError(target, "already exists", "restore to another place, or move it away")
    if ledger is not None and manifest.ledger_head is not None:
        _restore_ledger(backup, manifest.ledger_head, ledger)
    if audit_log is not None:
        audit_log.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(backup / AUDIT / _AUDIT_LOG, audit_log)
    if models is not None:
        shutil.copytree(backup / MODELS, models, dirs_exist_ok=True)
    if data is not None:
        _copied(backup / DATA, names, data)
    if settings is not None:
        _copied(backup / SETTINGS, manifest.settings, settings)
    return manifest


def _back_up_ledger(where: str | Path, folder: Path) -> Audit:
    folder.mkdir()
    with Ledger.open(where, create=False) as ledger:
        export_decisions(ledger, folder / _DECISIONS)
    # What was exported is of one moment; the ledger may have more by now.
    with (
        tempfile.TemporaryDirectory(prefix="mammolens-backup-") as temporary,
        Ledger.open(Path(temporary) / "decisions.sqlite") as copy,
    ):
        import_decisions(copy, folder / _DECISIONS)
        return copy.audit()


def _back_up_audit_log(path: Path, folder: Path) -> Verification:
    folder.mkdir()
    with AuditLog(path, create=False) as log:
        head = log.copy_to(folder / _AUDIT_LOG)
    return _check_audit_log(folder / _AUDIT_LOG, head)


def _check_audit_log(path: Path, head: Head) -> Verification:
    """Follow the chain of a copy; a backup's own files stay as they are."""
    with tempfile.TemporaryDirectory(prefix="mammolens-verify-") as folder:
        copy = Path(shutil.copy2(path, folder))
        with AuditLog(copy, create=False) as log:
            found = log.verify(head)
            if found.fault is not None:
                raise LedgerError(path, found.fault, "find out who changed it, and compare with an earlier backup")
            return found


def _restore_ledger(backup: Path, expected: str, where: str | Path) -> None:
    with Ledger.open(where) as ledger:
        if ledger.head().sequence:
            raise BackupError(ledger.name, "already has entries", "restore into an empty ledger")
        import_decisions(ledger, backup / LEDGER / _DECISIONS)
        if str(ledger.head()) != expected:
            reason = f"does not lead to the head {expected} of the manifest"
            raise BackupError(backup / LEDGER / _DECISIONS, reason, _ANOTHER)


def _copied(source: Path, names: Sequence[str], target: Path) -> tuple[str, ...]:
    """Copy those of the files and folders that exist, and return their names; links are copied as links."""
    found = tuple(name for name in names if (source / name).exists())
    for name in found:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source / name, target / name)
    return found


def _manifest(backup: Path) -> Manifest:
    path = backup / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BackupError(backup, f"has no {MANIFEST} ({error.strerror})", "give a folder of a backup") from error
    except ValidationError as error:
        raise BackupError(path, f"cannot be read ({error.errors()[0]['msg']})", _ANOTHER) from error


def _check_files(backup: Path) -> None:
    try:
        lines = (backup / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise BackupError(backup, f"has no readable {CHECKSUMS}", _ANOTHER) from error
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    present = set(_files(backup))
    for name, digest in listed.items():
        if name not in present:
            raise BackupError(backup, f"has no {name}, which {CHECKSUMS} lists", _ANOTHER)
        if sha256_of(backup / name, BackupError) != digest:
            raise BackupError(backup / name, f"is damaged: it does not match {CHECKSUMS}", _ANOTHER)
    if unlisted := sorted(present - listed.keys()):
        raise BackupError(backup / unlisted[0], f"is not in {CHECKSUMS}", _ANOTHER)


def _files(folder: Path) -> list[str]:
    """Every file but the checksums, relative to the folder, in order."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != CHECKSUMS)


@contextmanager
def _made_whole(target: Path) -> Iterator[Path]:
    """A folder beside the target, for its owner alone, that takes its name on success."""
    target.parent.mkdir(parents=True, exist_ok=True)
    umask = os.umask(0o077)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
        folder.rename(target)
    except MammoLensError:
        raise
    except OSError as error:  # shutil.Error, too, names the files in its text
        remedy = "see that what is backed up can be read and that there is room"
        raise BackupError(target, f"cannot be written ({error})", remedy) from error
    finally:
        os.umask(umask)
        shutil.rmtree(folder, ignore_errors=True)
