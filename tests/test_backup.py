from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.backup import KEPT_DATA, create_backup, restore_backup, verify_backup
from mammolens.enums import Verdict
from mammolens.errors import BackupError, LedgerError, MammoLensError, ModelError
from mammolens.models.store import ModelStore, pretrained_directory
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger


def decision(reviewer: str = "anna") -> Decision:
    return Decision(exam_id="e-1", images=("1.2.1",), verdict=Verdict.NORMAL, reviewer=reviewer)


class Site:
    """What a server keeps, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.models, self.data = folder / "decisions.sqlite", folder / "model", folder / "studies"
        self.settings = folder / ".env"

    @property
    def parts(self) -> dict[str, Path]:
        return {"ledger": self.ledger, "models": self.models, "data": self.data}


@pytest.fixture
def a_site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "old")
    site.data.mkdir(parents=True)
    with Ledger.open(site.ledger) as ledger:
        ledger.append_all([decision(), decision("berta"), decision("clara")])
    store = ModelStore(site.models)
    store.publish(pretrained_directory("autoencoder"), by="anna")
    (site.data / "datastore_v2.json").write_text('{"objects": {}}')
    (site.data / "image.dcm").write_bytes(b"an original, which has a backup of its own")
    result = site.data / ".mammolens" / "results" / "exams" / "e-1"
    result.mkdir(parents=True)
    (result / "result.json").write_text("{}")
    site.settings.write_text("MAMMOLENS=1")
    return site


@pytest.fixture
def a_backup(a_site: Site, tmp_path: Path) -> Path:
    create_backup(tmp_path / "backup", **a_site.parts, settings=[a_site.settings])
    return tmp_path / "backup"


def test_a_server_is_restored_in_another_folder_with_the_same_chain_and_models(
    a_site: Site, a_backup: Path, tmp_path: Path
) -> None:
    new = Site(tmp_path / "new")
    restore_backup(a_backup, **new.parts, settings=tmp_path / "new")
    with Ledger.open(a_site.ledger) as old, Ledger.open(new.ledger, create=False) as ledger:
        assert list(ledger.all()) == list(old.all())
        assert ledger.audit(old.head()).is_intact
        assert ledger.append(decision("dora")).sequence == 4
    store = ModelStore(new.models)
    assert store.checked(store.serving_version()) == new.models / "versions" / str(store.serving_version())
    assert store.history() == ModelStore(a_site.models).history()
    assert (new.data / ".mammolens/results/exams/e-1/result.json").read_text() == "{}"
    assert (new.data / "datastore_v2.json").exists()
    assert not (new.data / "image.dcm").exists()
    assert new.settings.read_text() == "MAMMOLENS=1"


def test_the_audit_log_is_backed_up_verified_and_restored(tmp_path: Path) -> None:
    outcome = EventOutcome.SUCCESS
    event = AuditEvent(AuditEventId.INSTANCES_ACCESSED, EventAction.READ, outcome, "anna", patient="P1")
    with AuditLog(tmp_path / "audit.sqlite") as log:
        log.append(event)
        manifest = create_backup(tmp_path / "backup", audit_log=log.path)
        assert manifest.audit_head == str(log.head())
    restore_backup(tmp_path / "backup", audit_log=tmp_path / "new" / "audit.sqlite")
    with AuditLog(tmp_path / "new" / "audit.sqlite", create=False) as restored:
        assert [record.event for record in restored.records()] == [event]
        assert restored.verify().fault is None
    with pytest.raises(BackupError, match="already exists"):
        restore_backup(tmp_path / "backup", audit_log=tmp_path / "new" / "audit.sqlite")


def test_a_changed_audit_log_is_not_backed_up_in_silence(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit.sqlite") as log:
        log.append(AuditEvent(AuditEventId.QUERY, EventAction.READ, EventOutcome.SUCCESS, "anna"))
    with sqlite3.connect(tmp_path / "audit.sqlite") as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET user = 'eve'")
    connection.close()
    with pytest.raises(LedgerError, match="does not match its hash"):
        create_backup(tmp_path / "backup", audit_log=tmp_path / "audit.sqlite")
    assert not (tmp_path / "backup").exists()


@pytest.mark.integration
def test_a_ledger_moves_from_a_file_to_postgresql_and_back(
    a_postgres: Callable[[], str], a_backup: Path, a_site: Site, tmp_path: Path
) -> None:
    url = a_postgres()
    restore_backup(a_backup, ledger=url)
    create_backup(tmp_path / "of-postgresql", ledger=url)
    restore_backup(tmp_path / "of-postgresql", ledger=tmp_path / "again.sqlite")
    with Ledger.open(a_site.ledger) as old, Ledger.open(tmp_path / "again.sqlite") as again:
        assert again.head() == old.head()


def test_a_backup_is_for_its_owner_alone(a_backup: Path) -> None:
    assert stat.S_IMODE(a_backup.stat().st_mode) == 0o700


def test_a_backup_of_a_ledger_in_use_has_what_was_confirmed(a_site: Site, tmp_path: Path) -> None:
    with Ledger.open(a_site.ledger) as ledger:
        ledger.append(decision("dora"))
        made = create_backup(tmp_path / "backup", ledger=a_site.ledger)
        assert made.ledger_head == str(ledger.head())


@pytest.mark.parametrize(
    "name",
    ["ledger/decisions.jsonl", "models/history.jsonl", "data/datastore_v2.json", "settings/.env", "manifest.json"],
)
@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_damage_of_any_file_is_named_and_nothing_is_restored(
    a_backup: Path, tmp_path: Path, name: str, damage: str
) -> None:
    content = (a_backup / name).read_bytes()
    (a_backup / name).unlink()
    if damage == "changed":
        (a_backup / name).write_bytes(content[:-2] + b" " + content[-2:])
    with pytest.raises(BackupError, match=Path(name).name.replace(".", r"\.")):
        restore_backup(a_backup, **Site(tmp_path / "new").parts)
    assert not (tmp_path / "new").exists()


def test_a_file_that_was_put_in_is_named(a_backup: Path) -> None:
    (a_backup / "data" / "more").write_text("")
    with pytest.raises(BackupError, match="data/more: is not in SHA256SUMS"):
        verify_backup(a_backup)


def test_damage_is_not_backed_up_in_silence(a_site: Site, tmp_path: Path) -> None:
    weights = next(a_site.models.rglob("model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match="is damaged or was changed"):
        create_backup(tmp_path / "backup", models=a_site.models)
    a_site.ledger.write_bytes(b"")
    with pytest.raises(LedgerError, match="is empty, but it had 3 entries"):
        create_backup(tmp_path / "backup", ledger=a_site.ledger)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_nothing_that_exists_is_overwritten(a_site: Site, a_backup: Path, tmp_path: Path) -> None:
    def stamps() -> list[tuple[Path, int]]:
        files = (path for path in (tmp_path / "old").rglob("*") if path.is_file() and path.suffix != ".lock")
        return sorted((path, path.stat().st_mtime_ns) for path in files)

    for part in ("ledger", "models", "data"):
        before = stamps()
        with pytest.raises(BackupError, match="restore (in)?to an"):
            restore_backup(a_backup, **{part: a_site.parts[part]})
        assert stamps() == before
    with pytest.raises(BackupError, match="already exists"):
        create_backup(a_backup, ledger=a_site.ledger)


def test_only_what_was_backed_up_can_be_restored(a_site: Site, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="would be empty"):
        create_backup(tmp_path / "nothing")
    create_backup(tmp_path / "ledger-alone", ledger=a_site.ledger)
    with pytest.raises(BackupError, match="contains no models; leave --models out"):
        restore_backup(tmp_path / "ledger-alone", models=tmp_path / "models")


def test_no_folder_of_a_backup_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"has no manifest\.json"):
        verify_backup(tmp_path)


def test_a_pipe_among_the_data_is_an_error_and_no_standstill(a_site: Site, tmp_path: Path) -> None:
    os.mkfifo(a_site.data / ".mammolens" / "results" / "pipe")
    with pytest.raises(MammoLensError, match="is a named pipe"):
        create_backup(tmp_path / "backup", data=a_site.data)


def test_the_names_are_the_server_s_own() -> None:
    from mammolens.labelapp.datastore.folder_scan import HIDDEN, LABELS_FOLDER, UPLOADS_FOLDER
    from mammolens.labelapp.datastore.shared_state import STATE_FILE

    assert (
        STATE_FILE,
        LABELS_FOLDER,
        UPLOADS_FOLDER,
        f"{HIDDEN}/results",
        "results",
        f"{HIDDEN}/reader_studies",
        "reader_studies",
    ) == KEPT_DATA
