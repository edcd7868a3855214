from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from mammolens.enums import NormalityCategory
from mammolens.errors import LedgerError
from mammolens.review.ledger import Ledger
from mammolens.review.schema import METADATA

from .conftest import decision


def test_the_migrations_leave_the_tables_that_the_code_knows(a_ledger):
    with a_ledger._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == "0004"


def test_a_newer_ledger_is_refused_and_left_as_it_is(where):
    with Ledger.open(where) as ledger:
        entry = ledger.append(decision())
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        LedgerError,
        match="(decisions|mammolens).*: has schema '9999', but MammoLens .* knows '0003' to '0004'; use the",
    ):
        Ledger.open(where)
    with ledger._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
    assert ledger.head() == entry.head


def test_a_migration_that_breaks_leaves_nothing(where, monkeypatch):
    monkeypatch.setattr("sqlalchemy.schema.CreateIndex.__init__", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Ledger.open(where)
    monkeypatch.undo()
    with Ledger.open(where) as ledger:
        assert ledger.append(decision()).sequence == 1


def test_the_steps_travel_with_the_package(tmp_path):
    code = "from setuptools import find_packages; print(*find_packages('lib'))"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"mammolens.review.migrations", "mammolens.review.migrations.versions"} <= set(printed)


def test_a_ledger_without_second_confirmations_gains_the_column_and_keeps_its_chain(where):
    with Ledger.open(where) as ledger:
        entry = ledger.append(decision())
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE decisions DROP COLUMN second_confirmation")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    with Ledger.open(where) as ledger:
        assert ledger.audit().is_intact
        assert ledger.head() == entry.head
        again = decision(second_confirmation=NormalityCategory.HIGHLY_UNUSUAL)
        assert ledger.append(again).decision.second_confirmation is NormalityCategory.HIGHLY_UNUSUAL
        assert ledger.audit().is_intact
