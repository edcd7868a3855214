"""Ledgers in a file and in PostgreSQL, and decisions of nobody."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from mammolens.enums import Verdict
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger

from ..patience import PATIENCE_S

WRITER = Path(__file__).with_name("writer.py")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
Decide = Callable[..., Decision]


def decision(**given: Any) -> Decision:
    """A plain one; whatever is given differs."""
    plain = {"exam_id": "e-1", "images": ("1.2.1", "1.2.2"), "verdict": Verdict.NORMAL, "reviewer": "anna"}
    return Decision(**{**plain, **given})


def undo(of: Decision, **given: Any) -> Decision:
    return decision(**{"exam_id": of.exam_id, "images": of.images, "verdict": None, "undoes": of.decision_id, **given})


@contextlib.contextmanager
def tampering(ledger: Ledger) -> Iterator[Connection]:
    """A connection of somebody who may do what he likes with the database."""
    with ledger._database.writing() as connection:
        if ledger._database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS decisions_no_update")
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS decisions_no_delete")
        else:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS decisions_no_update ON decisions")
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS decisions_no_delete ON decisions")
        yield connection


@pytest.fixture
def patient_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy computer twenty writers wait for each other longer than a server would let them."""
    monkeypatch.setattr("mammolens.review.database._BUSY_S", PATIENCE_S)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Path or URL of a ledger that is not there yet."""
    if request.param == "sqlite":
        return str(tmp_path / "decisions.sqlite")
    make: Callable[[], str] = request.getfixturevalue("a_postgres")
    return make()


@pytest.fixture
def a_ledger(where: str) -> Iterator[Ledger]:
    """An empty one, in either kind of database."""
    with Ledger.open(where) as ledger:
        yield ledger


@pytest.fixture
def a_file_ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty one in a file."""
    with Ledger.open(tmp_path / "decisions.sqlite") as ledger:
        yield ledger
