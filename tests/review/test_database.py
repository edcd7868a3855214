from __future__ import annotations

import sqlite3
import threading
import uuid

import psycopg
import pytest
from sqlalchemy import create_engine, make_url

from mammolens.errors import ConfigError, LedgerError, MammoLensError
from mammolens.review.database import Database
from mammolens.review.ledger import Ledger

from .conftest import decision


def pragma(ledger, name):
    with ledger._database.reading() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_a_file_is_written_ahead_and_safely(a_file_ledger):
    assert pragma(a_file_ledger, "journal_mode") == "wal"
    assert pragma(a_file_ledger, "synchronous") == 2  # FULL
    assert pragma(a_file_ledger, "busy_timeout") == 60_000


def test_a_path_and_its_url_are_the_same_ledger(tmp_path):
    with Ledger.open(tmp_path / "site" / "decisions.sqlite") as ledger:
        entry = ledger.append(decision())
    with Ledger.open(f"sqlite:///{tmp_path}/site/decisions.sqlite", create=False) as ledger:
        assert ledger.head() == entry.head


@pytest.mark.parametrize(
    ("where", "kind", "message"),
    [
        ("mysql://host/name", ConfigError, "ledger: mysql cannot keep it; give a path, sqlite:///PATH or postgresql"),
        ("sqlite://", ConfigError, "ledger: sqlite cannot keep it"),
        ("postgresql://host:port/name", ConfigError, "ledger: its URL cannot be read"),
        ("nowhere.sqlite", LedgerError, "nowhere.sqlite: there is no decision ledger; give the path of one"),
        (".", LedgerError, "is a folder; give the path of a file"),
    ],
)
def test_what_is_no_ledger_is_told(where, kind, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind) as caught:
        Database(where, create=False)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_another_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, and long enough to be taken for one: " + "x" * 2000)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="notes.txt: is not a decision ledger; give another path"):
        Database(path)
    assert path.read_bytes() == before


def test_a_server_that_does_not_answer_is_told_without_the_password():
    with pytest.raises(LedgerError, match="check that it runs and that the account may use it") as caught:
        Database("postgresql://anna:secret@127.0.0.1:1/decisions")
    assert "secret" not in str(caught.value)
    assert "anna:***@127.0.0.1:1" in str(caught.value)


def test_a_missing_driver_has_a_remedy(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="run pip install 'mammolens\\[postgresql\\]'"):
        Database("postgresql://127.0.0.1/decisions")


def test_a_writer_that_waits_too_long_says_so(a_file_ledger, monkeypatch):
    monkeypatch.setattr("mammolens.review.database._BUSY_S", 0.1)
    told = pytest.raises(LedgerError, match="another process has been writing for too long; try again when")
    with Ledger.open(a_file_ledger.name) as impatient, a_file_ledger._database.writing(), told:
        impatient.append(decision())


@pytest.mark.integration
def test_who_may_only_read_can_open_and_audit(a_postgres):
    where = a_postgres()
    with Ledger.open(where) as ledger:
        ledger.append(decision())
        with ledger._database.writing() as connection:
            name = f"auditor{uuid.uuid4().hex}"
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
            connection.exec_driver_sql(f"GRANT SELECT ON decisions, alembic_version TO {name}")
    address = make_url(where).set(username=name, password="x").render_as_string(hide_password=False)
    with Ledger.open(address) as ledger:
        assert ledger.audit().entries == 1
        with pytest.raises(LedgerError, match="permission denied"):
            ledger.append(decision())


@pytest.mark.integration
def test_a_ledger_goes_on_when_its_connections_were_cut(a_postgres):
    """As a database that is restarted does, between two decisions and within one."""
    where = a_postgres()
    with Ledger.open(f"{where}&application_name=cut") as ledger, psycopg.connect(where, autocommit=True) as other:

        def cut() -> None:
            cuts = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'cut'"
            assert set(other.execute(cuts)) == {(True,)}

        ledger.append(decision())
        cut()
        ledger.append(decision())
        told = pytest.raises(LedgerError, match="the database reports: .*; check that it runs")
        with told, ledger._database.writing() as connection:
            cut()
            connection.exec_driver_sql("SELECT 1")
        assert ledger.append(decision()).sequence == 3
        assert ledger.audit().is_intact


def test_threads_and_first_openings_do_not_meet(where):
    trouble: list[MammoLensError] = []
    together = threading.Barrier(8)

    def open_it():
        together.wait()
        try:
            Ledger.open(where).close()
        except MammoLensError as error:
            trouble.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble


def test_a_full_disk_is_an_error_of_storage(a_file_ledger):
    a_file_ledger.append(decision())
    with sqlite3.connect(a_file_ledger.name) as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
    with a_file_ledger._database.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OSError, match="the disk is full; free some space"):
        a_file_ledger.append_all(decision(comment="x" * 2000) for _ in range(100))
    assert a_file_ledger.audit().is_intact


def test_a_file_that_may_not_be_written_is_told(a_file_ledger):
    with a_file_ledger._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # what a missing permission gives, for root too
    with pytest.raises(LedgerError, match="cannot be written to; correct the permissions of the file and its folder"):
        a_file_ledger.append(decision())


def test_a_database_whose_connections_are_all_in_use_is_told_in_words(tmp_path):
    database = Database(tmp_path / "decisions.sqlite")
    database._engine = create_engine(f"sqlite:///{database.name}", pool_size=1, max_overflow=0, pool_timeout=0.05)
    told = pytest.raises(LedgerError, match="in use for too long; try again soon")
    with database.reading(), told, database.reading():
        pass
