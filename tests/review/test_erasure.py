"""Erased entries: gone from the database, an export and the server's snapshots, and the chain still verifies."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.enums import Verdict
from mammolens.errors import DatasetError, LedgerError
from mammolens.labelapp.exams.ledger_snapshot import LedgerFollower
from mammolens.review.audit import FaultKind
from mammolens.review.chain import ErasedEntry
from mammolens.review.exchange import export_decisions, import_decisions
from mammolens.review.ledger import Ledger
from mammolens.review.policy import latest

from .conftest import NOON, decision, tampering, undo

SECRET = "told by her neighbour"  # pragma: allowlist secret


@pytest.fixture
def four(a_ledger: Ledger) -> Ledger:
    """A ledger whose second and fourth entry are of exam 'e-2'."""
    mine = decision(exam_id="e-2", comment=SECRET, images=("1.3.1",), time=NOON)
    a_ledger.append_all([decision(), mine, decision(exam_id="e-3"), undo(mine, time=NOON)], historic=True)
    return a_ledger


def erase(ledger: Ledger) -> tuple[int, ...]:
    return ledger.erase(lambda one: one.exam_id == "e-2")


def test_the_chain_verifies_without_the_erased_content(four: Ledger) -> None:
    before = four.audit()
    heads = [entry.head for entry in four.chain()]
    assert erase(four) == (2, 4)
    after = four.audit(*heads)
    assert (after.is_intact, after.entries, after.head) == (True, 4, before.head)
    assert (before.erased, after.erased) == (0, 2)
    assert [entry.sequence for entry in four.all()] == [1, 3]
    assert four.history("e-2") == []
    assert erase(four) == ()


def test_nothing_of_the_content_is_left_in_the_files(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "decisions.sqlite") as ledger:
        ledger.append_all([decision(exam_id=f"e-{number}", comment=f"{SECRET} {number}") for number in range(40)])
        ledger.erase(lambda one: one.exam_id in {f"e-{number}" for number in range(1, 40)})
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert content.count(SECRET.encode()) == 1
    assert b"e-17" not in content


def test_the_database_permits_an_erasure_and_no_other_change(four: Ledger) -> None:
    for statement in ("UPDATE decisions SET comment = ''", "UPDATE decisions SET content = 'c', comment = NULL"):
        with pytest.raises(LedgerError, match="entries are never changed"), four._database.writing() as connection:
            connection.exec_driver_sql(statement)
    erase(four)
    with pytest.raises(LedgerError, match="entries are never changed"), four._database.writing() as connection:
        connection.exec_driver_sql("UPDATE decisions SET comment = 'forged' WHERE sequence = 2")


@pytest.mark.parametrize("change", ["content = 'another'", "comment = 'forged'", "previous_hash = 'another'"])
def test_a_tombstone_that_was_changed_is_named(four: Ledger, change: str) -> None:
    erase(four)
    with tampering(four) as connection:
        connection.exec_driver_sql(f"UPDATE decisions SET {change} WHERE sequence = 2")  # noqa: S608
    fault = four.audit().fault
    assert fault is not None
    assert (fault.kind, fault.sequence) == (FaultKind.CHANGED, 2)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_an_export_has_the_tombstones_and_gives_the_same_chain(four: Ledger, suffix: str, tmp_path: Path) -> None:
    erase(four)
    assert export_decisions(four, tmp_path / f"a{suffix}") == 4
    assert SECRET not in (tmp_path / f"a{suffix}").read_text()
    with Ledger.open(tmp_path / "other.sqlite") as other:
        assert import_decisions(other, tmp_path / f"a{suffix}").added == 4
        assert (other.head(), other.audit().erased) == (four.head(), 2)
    assert import_decisions(four, tmp_path / f"a{suffix}").added == 0


def test_an_earlier_export_does_not_bring_back_what_was_erased(four: Ledger, tmp_path: Path) -> None:
    export_decisions(four, tmp_path / "earlier.jsonl")
    erase(four)
    assert import_decisions(four, tmp_path / "earlier.jsonl").added == 0
    assert four.history("e-2") == []


@pytest.mark.parametrize("line", ['{"content": "ab"}', f'{{"content": "{"a" * 64}", "reviewer": "anna"}}'])
def test_a_line_that_is_no_tombstone_is_refused(line: str, a_file_ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(DatasetError, match="line 1: content .*digest"):
        import_decisions(a_file_ledger, tmp_path / "a.jsonl")


def test_a_snapshot_of_the_server_leaves_out_what_was_erased(four: Ledger) -> None:
    followed = LedgerFollower(four, latest)
    assert set(followed.now().exams) == {"e-1", "e-2", "e-3"}
    erase(four)
    followed.read_again()
    now = followed.now()
    assert set(now.exams) == {"e-1", "e-3"}
    assert now.head == four.head()
    assert followed.now() is now  # the last entry is a tombstone, and is not read again
    four.append(decision(exam_id="e-3", verdict=Verdict.FINDING))
    assert len(followed.now().of("e-3").entries) == 2


def test_equal_decisions_have_different_digests(four: Ledger) -> None:
    erase(four)
    digests = [entry.tombstone.content for entry in four.chain() if isinstance(entry, ErasedEntry)]
    same = decision(exam_id="e-2", comment=SECRET, images=("1.3.1",), time=NOON)
    four.append_all([same], historic=True)
    four.erase(lambda one: one.exam_id == "e-2")
    assert len({entry.tombstone.content for entry in four.chain() if isinstance(entry, ErasedEntry)}) == 3
    assert len(digests) == 2
