from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mammolens.access_audit.event import AuditColumn, AuditEvent
from mammolens.access_audit.exchange import export_records
from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.errors import DatasetError


@pytest.fixture
def a_log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "audit.sqlite")
    event, outcome = AuditEventId.INSTANCES_ACCESSED, EventOutcome.SUCCESS
    log.append(AuditEvent(event, EventAction.READ, outcome, "=cmd|' /C calc'!A0", patient="@P1", roles=("a", "b")))
    return log


def test_cells_that_a_spreadsheet_would_run_are_text(a_log: AuditLog, tmp_path: Path) -> None:
    assert export_records(a_log.records(), tmp_path / "out.csv") == 1
    names, cells = csv.reader((tmp_path / "out.csv").open(newline=""))
    assert names == [*AuditColumn]
    row = dict(zip(names, cells, strict=True))
    assert row["user"] == "'=cmd|' /C calc'!A0"
    assert row["patient"] == "'@P1"
    assert row["exam"] == ""
    assert row["roles"] == "a b"


def test_lines_of_json_have_what_the_hash_covers(a_log: AuditLog, tmp_path: Path) -> None:
    export_records(a_log.records(), tmp_path / "out.jsonl")
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    values = json.loads(line)
    (record,) = a_log.records()
    assert list(values) == [*AuditColumn]
    assert values["patient"] == "@P1"
    assert values["hash"] == record.hash


def test_another_suffix_is_refused(a_log: AuditLog, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="neither in .csv nor in .jsonl"):
        export_records(a_log.records(), tmp_path / "out.xlsx")
