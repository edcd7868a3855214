from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mammolens.access_audit.event import AuditEvent, subject_of_row
from mammolens.access_audit.exchange import values_of_record
from mammolens.access_audit.log import AuditLog, AuditQuery, AuditSubjects
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.errors import LedgerError, StorageError
from mammolens.review.chain import Head

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def access(user: str = "anna", patient: str | None = "P1", time: datetime = NOON) -> AuditEvent:
    event, outcome = AuditEventId.INSTANCES_ACCESSED, EventOutcome.SUCCESS
    return AuditEvent(event, EventAction.READ, outcome, user, patient=patient, time=time)


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    return tmp_path / "site" / "audit.sqlite"


@pytest.fixture
def three_records(a_file: Path) -> Path:
    """A closed log of three accesses, one a day."""
    with AuditLog(a_file) as log:
        for day, user in enumerate(("anna", "berta", "anna")):
            log.append(access(user, f"P{day}", NOON + timedelta(days=day)))
    return a_file


def change(file: Path, *statements: str) -> None:
    """As somebody does who may write the file."""
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def fault(file: Path, *heads: Head) -> str | None:
    with AuditLog(file, create=False) as log:
        return log.verify(*heads).fault


def test_records_are_stored_in_order_and_come_back_whole(three_records: Path) -> None:
    with AuditLog(three_records, create=False) as log:
        records = list(log.records())
        assert [record.sequence for record in records] == [1, 2, 3]
        assert records[1].event == access("berta", "P1", NOON + timedelta(days=1))
        assert records[2].previous_hash == records[1].hash
        found = log.verify(records[1].head)
        assert (found.records, found.head, found.fault) == (3, records[2].head, None)
    assert three_records.stat().st_mode & 0o777 == 0o600


def test_records_are_found_by_patient_user_exam_and_time(three_records: Path) -> None:
    with AuditLog(three_records) as log:

        def numbers(wanted: AuditQuery, limit: int | None = None) -> list[int]:
            return [record.sequence for record in log.records(wanted, limit=limit)]

        assert numbers(AuditQuery(patient="P1")) == [2]
        assert numbers(AuditQuery(user="anna")) == [1, 3]
        assert numbers(AuditQuery(user="anna", after=1)) == [3]
        assert numbers(AuditQuery(since=NOON + timedelta(days=1))) == [2, 3]
        assert numbers(AuditQuery(until=NOON + timedelta(days=1))) == [1]
        assert numbers(AuditQuery(exam="e-1")) == []
        assert numbers(AuditQuery(), limit=2) == [1, 2]


def test_the_database_refuses_changes(three_records: Path) -> None:
    connection = sqlite3.connect(three_records)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE events SET user = 'eve'")
    connection.close()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE events SET user = 'eve' WHERE sequence = 2", "record 2 does not match its hash: it was changed"),
        ("DELETE FROM events WHERE sequence = 2", "record 2 is missing"),
        ("DELETE FROM events WHERE sequence = 1", "records up to 1 are missing, and no retention removed them"),
    ],
    ids=["changed", "removed", "begin-removed"],
)
def test_a_verification_names_what_was_done(three_records: Path, statement: str, reason: str) -> None:
    change(three_records, statement)
    assert fault(three_records) == reason


def test_a_log_that_was_cut_off_is_refused(three_records: Path) -> None:
    change(three_records, "DELETE FROM events WHERE sequence = 3")
    with pytest.raises(LedgerError, match="ends at record 2, but it had 3 records"):
        AuditLog(three_records)


def test_a_head_that_is_stored_elsewhere_shows_a_cut_end(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        head = log.head()
    change(three_records, "DELETE FROM events WHERE sequence = 3")
    three_records.with_name("audit.sqlite.head").unlink()
    assert fault(three_records) is None
    assert fault(three_records, head) == "the log ends at record 2, but a stored head is of record 3"


def test_an_emptied_or_missing_log_is_not_begun_again(three_records: Path) -> None:
    three_records.write_bytes(b"")
    with pytest.raises(LedgerError, match="is empty, but it had 3 entries"):
        AuditLog(three_records)
    three_records.unlink()
    with pytest.raises(LedgerError, match="is missing"):
        AuditLog(three_records)


def test_retention_removes_old_records_and_says_so_in_the_chain(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        assert log.remove_older(1, now=NOON + timedelta(days=2)) == 1
        found = log.verify()
        assert (found.records, found.removed, found.fault) == (3, 1, None)
        last = list(log.records())[-1].event
        assert (last.event, last.action, last.user) == (AuditEventId.AUDIT_LOG_USED, EventAction.DELETE, "retention")
        assert log.remove_older(1, now=NOON + timedelta(days=2)) == 0
    assert fault(three_records) is None


def test_of_a_log_that_is_old_as_a_whole_the_last_record_stays(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        assert log.remove_older(1, now=NOON + timedelta(days=900)) == 2
    assert fault(three_records) is None


def test_a_removal_beyond_the_recorded_one_is_found(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        log.remove_older(1, now=NOON + timedelta(days=2))
    change(three_records, "DELETE FROM events WHERE sequence = 2")
    assert fault(three_records) == "records up to 2 are missing, and no retention removed them"


def test_records_of_several_threads_and_programs_form_one_chain(a_file: Path) -> None:
    with AuditLog(a_file) as one, AuditLog(a_file) as other:
        threads = [
            threading.Thread(target=lambda log=log: [log.append(access()) for _ in range(20)])
            for log in (one, other, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.verify().fault is None
        assert one.head().sequence == 60


OF_P1 = AuditSubjects({"P1"}, (), ())


def erasure(_: int) -> AuditEvent:
    return AuditEvent(AuditEventId.STUDY_DELETED, EventAction.DELETE, EventOutcome.SUCCESS, "carl", detail="asked")


def test_an_erasure_leaves_who_did_what_and_when_and_an_intact_chain(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        heads = [record.head for record in log.records()]
        assert [record.sequence for record in log.concerning(OF_P1)] == [2]
        assert log.erase(OF_P1, erasure) == 1
        found = log.verify(*heads)
        assert (found.records, found.erased, found.fault) == (4, 1, None)
        erased, last = list(log.records())[1::2]
        assert (erased.event.patient, erased.event.user, erased.event.time) == (None, "berta", NOON + timedelta(days=1))
        assert erased.subject is not None
        assert values_of_record(erased)["subject"] == erased.subject
        assert last.event.detail == "asked; erased records 2"
        assert log.erase(OF_P1, erasure) == 0
        assert log.verify().fault is None
    assert b"P1" not in b"".join(file.read_bytes() for file in three_records.parent.iterdir())
    assert fault(three_records) is None


def test_retention_after_an_erasure_keeps_the_chain(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        log.erase(OF_P1, erasure)
        assert log.remove_older(1, now=NOON + timedelta(days=3)) == 2
        assert (log.verify().fault, log.verify().erased) == (None, 0)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE events SET subject = 'other' WHERE sequence = 2", "record 2 does not match its hash: it was changed"),
        ("UPDATE events SET patient = 'P1' WHERE sequence = 2", "record 2 does not match its hash: it was changed"),
        ("UPDATE events SET user = 'eve' WHERE sequence = 2", "record 2 does not match its hash: it was changed"),
        ("UPDATE events SET subject = 'other' WHERE sequence = 3", "record 3 does not match its hash: it was changed"),
    ],
    ids=["digest", "patient", "user", "digest beside patient"],
)
def test_a_change_of_an_erased_record_is_found(three_records: Path, statement: str, reason: str) -> None:
    with AuditLog(three_records) as log:
        log.erase(OF_P1, erasure)
    change(three_records, statement)
    assert fault(three_records) == reason


def test_an_erasure_that_nobody_recorded_is_found(three_records: Path) -> None:
    with AuditLog(three_records) as log:
        row = next(log._rows(AuditQuery(patient="P1"), None))
        blank = "patient = NULL, exam = NULL, image = NULL, salt = NULL"
        statement = f"UPDATE events SET {blank}, subject = ? WHERE sequence = 2"  # noqa: S608 - of the test
        log._connection.execute(statement, (subject_of_row(row),))
    assert fault(three_records) == "record 2 is erased, and no erasure of it is recorded"


_WRITER = """
import os, signal, sys
from pathlib import Path
from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome

log = AuditLog(Path(sys.argv[1]))
for number in range(50):
    log.append(AuditEvent(AuditEventId.QUERY, EventAction.READ, EventOutcome.SUCCESS, str(number)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_that_was_recorded_is_lost_when_the_process_is_killed(a_file: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _WRITER, str(a_file)], check=False).returncode == -9
    with AuditLog(a_file, create=False) as log:
        assert [record.event.user for record in log.records()] == [str(number) for number in range(50)]
        assert log.verify().fault is None


def test_a_full_disk_is_told_and_leaves_the_log_whole(a_file: Path) -> None:
    with AuditLog(a_file) as log:
        log.append(access())
        pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
        log._connection.execute(f"PRAGMA max_page_count = {pages}")

        def fill() -> None:
            for _ in range(1000):
                log.append(access())

        with pytest.raises(StorageError, match="audit log cannot be written"):
            fill()
        log._connection.execute("PRAGMA max_page_count = 1000000")
        log.append(access("berta"))
        assert log.verify().fault is None


def test_a_copy_is_a_log_of_its_own(three_records: Path, tmp_path: Path) -> None:
    with AuditLog(three_records) as log:
        head = log.copy_to(tmp_path / "copy.sqlite")
        assert head == log.head()
    assert fault(tmp_path / "copy.sqlite", head) is None


def test_what_comes_from_outside_is_bounded_and_printable(a_file: Path) -> None:
    with AuditLog(a_file) as log:
        log.append(access(user="eve\x00\ud800\n" + "x" * 1000))
        (record,) = log.records()
        assert record.event.user == "eve???" + "x" * 122
        assert log.verify().fault is None


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no log, but text" * 100)
    with pytest.raises(LedgerError, match="is not an audit log"):
        AuditLog(tmp_path / "notes.txt")
    with pytest.raises(LedgerError, match="there is no audit log"):
        AuditLog(tmp_path / "none.sqlite", create=False)
    change_version = sqlite3.connect(tmp_path / "newer.sqlite")
    change_version.execute("PRAGMA user_version = 99")
    change_version.close()
    with pytest.raises(
        LedgerError, match=r"newer.sqlite: has tables of version 99, but .* version 2; use the version of"
    ):
        AuditLog(tmp_path / "newer.sqlite")
