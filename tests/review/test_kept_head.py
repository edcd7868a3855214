from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from mammolens.errors import LedgerError
from mammolens.review.audit import FaultKind
from mammolens.review.ledger import Ledger

from .conftest import decision, tampering


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.sqlite"


@pytest.fixture
def head(path: Path) -> Path:
    """Of a ledger with five entries, closed."""
    with Ledger.open(path) as ledger:
        ledger.append_all([decision() for _ in range(5)])
        assert path.with_name("decisions.sqlite.head").read_text() == f"{ledger.head()}\n"
    return path.with_name("decisions.sqlite.head")


@pytest.mark.parametrize("create", [True, False])
def test_an_emptied_ledger_is_refused_by_name_and_no_new_one_begun(path: Path, head: Path, create: bool) -> None:
    path.write_bytes(b"")
    with pytest.raises(LedgerError, match=r"decisions\.sqlite: is empty, but it had 5 entries; restore it"):
        Ledger.open(path, create=create)
    assert path.read_bytes() == b""


def test_a_ledger_that_is_gone_is_refused_and_no_new_one_begun(path: Path, head: Path) -> None:
    path.unlink()
    with pytest.raises(LedgerError, match="is missing, but it had 5 entries"):
        Ledger.open(path)
    assert not path.exists()


def test_a_ledger_whose_end_was_cut_off_is_refused(path: Path, head: Path) -> None:
    kept = head.read_text()
    with Ledger.open(path) as ledger, tampering(ledger) as connection:
        connection.exec_driver_sql("DELETE FROM decisions WHERE sequence > 3")
    with pytest.raises(LedgerError, match="ends at entry 3, but it had 5 entries") as caught:
        Ledger.open(path)
    assert kept.strip() in str(caught.value)
    head.unlink()
    with Ledger.open(path) as ledger:
        assert ledger.append(decision()).sequence == 4


def test_another_ledger_in_its_place_is_refused(path: Path, head: Path, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "other.sqlite") as other:
        other.append_all([decision() for _ in range(5)])
    shutil.copy(tmp_path / "other.sqlite", path)
    with pytest.raises(LedgerError, match="entry 5 is not the one that was written"):
        Ledger.open(path)


def test_an_audit_compares_with_the_head_that_is_kept_beside_the_file(path: Path, head: Path) -> None:
    with Ledger.open(path) as ledger:
        with tampering(ledger) as connection:
            connection.exec_driver_sql("DELETE FROM decisions WHERE sequence > 3")
        fault = ledger.audit().fault
    assert fault is not None
    assert fault.kind is FaultKind.CUT_OFF


def test_a_head_of_an_earlier_entry_is_one_as_well(path: Path, head: Path) -> None:
    earlier = head.read_text()
    with Ledger.open(path) as ledger:
        ledger.append(decision())
    head.write_text(earlier)
    with Ledger.open(path) as ledger:
        assert ledger.append(decision()).sequence == 7


def test_a_ledger_of_a_time_without_kept_heads_gets_one_when_it_is_opened(path: Path, head: Path) -> None:
    kept = head.read_text()
    head.unlink()
    Ledger.open(path).close()
    assert head.read_text() == kept


def test_a_head_that_is_none_is_named(path: Path, head: Path) -> None:
    head.write_text("5:")
    with pytest.raises(LedgerError, match=r"decisions\.sqlite\.head: does not hold NUMBER:HASH"):
        Ledger.open(path)


def test_a_copy_of_the_file_alone_has_every_entry_while_the_ledger_is_open(path: Path, tmp_path: Path) -> None:
    with Ledger.open(path) as ledger:
        for number in range(1, 4):
            ledger.append(decision())
            shutil.copy(path, tmp_path / f"copy-{number}.sqlite")
            with Ledger.open(tmp_path / f"copy-{number}.sqlite", create=False) as copy:
                assert copy.head() == ledger.head()


def test_a_new_ledger_and_its_log_are_for_their_owner_alone(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.append(decision())
        files = [path, *path.parent.glob("decisions.sqlite-*")]
        assert len(files) > 1
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
