from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import Result

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome

from ..command_line import run_mammolens


@pytest.fixture
def a_log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.sqlite"
    with AuditLog(path) as log:
        for user in ("anna", "berta"):
            event, outcome = AuditEventId.INSTANCES_ACCESSED, EventOutcome.SUCCESS
            log.append(AuditEvent(event, EventAction.READ, outcome, user, patient="P1", detail="GET /"))
    return path


def audit(log: Path, *arguments: str) -> Result:
    return run_mammolens("audit", *arguments, "--audit-log", log)


def test_accesses_are_listed_and_the_listing_is_one_itself(a_log: Path) -> None:
    table = audit(a_log, "list", "--patient", "P1", "--user", "anna")
    assert table.exit_code == 0, table.stderr
    assert "anna" in table.stdout
    assert "berta" not in table.stdout
    lines = [json.loads(line) for line in audit(a_log, "list", "--json").stdout.splitlines()]
    assert [line["event"] for line in lines] == ["110103", "110103", "110101"]
    assert lines[2]["detail"] == "mammolens audit list"
    assert audit(a_log, "list", "--json", "--until", "2020-01-31").stdout == ""


def test_accesses_are_exported(a_log: Path, tmp_path: Path) -> None:
    assert audit(a_log, "export", str(tmp_path / "out.csv"), "--user", "berta").exit_code == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2


def test_a_verification_prints_the_head_or_names_the_fault(a_log: Path) -> None:
    whole = audit(a_log, "verify")
    assert whole.exit_code == 0
    assert whole.stdout.startswith("2:")
    assert audit(a_log, "verify", "--head", whole.stdout.strip()).exit_code == 0
    with sqlite3.connect(a_log) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET patient = 'P2' WHERE sequence = 1")
    connection.close()
    changed = audit(a_log, "verify")
    assert changed.exit_code == 8
    assert "record 1 does not match its hash" in changed.stderr


def test_a_missing_log_is_one_line(tmp_path: Path) -> None:
    missing = audit(tmp_path / "none.sqlite", "list")
    assert missing.exit_code == 8
    assert missing.stderr.count("\n") == 1
