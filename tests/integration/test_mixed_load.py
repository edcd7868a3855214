"""The mixed load of benchmarks/mixed_load.py, short: readers at work, and the server is killed once."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from mammolens.accounts import AccountsFile
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.enums import Role

from ..patience import until
from .conftest import REPOSITORY, StartServer

sys.path.insert(0, str(REPOSITORY / "benchmarks"))
from load_report import EVENTS, write_report
from load_users import Journal, User, compare_with_ledger

pytestmark = pytest.mark.integration


def test_readers_whose_server_is_killed_lose_no_decision_and_get_no_server_error(
    start_server: StartServer, tmp_path: Path
) -> None:
    write_phantom_dataset(tmp_path / "studies", normals=2, rows=96, columns=80, spacing=(2.6, 2.6))
    accounts, tokens = AccountsFile(tmp_path / "users.json"), []
    for name in ("ada", "berta", "clara"):
        accounts.add(name, Role.ANNOTATOR, None)
        tokens.append(accounts.add_token(name, "load", timedelta(days=1)))
    variables = {"MAMMOLENS_USERS": str(accounts.path), "MONAI_LABEL_AUTH_ENABLE": "true"}
    server = start_server(tmp_path / "studies", **variables)
    journal, over = Journal(tmp_path / EVENTS), threading.Event()
    users = [User(server.url, token, journal, seed, pause_s=0.1) for seed, token in enumerate(tokens)]

    async def work() -> None:
        await asyncio.gather(*(user.work(over.is_set) for user in users))

    def confirmed() -> int:
        return sum(len(user.kept) for user in users)

    journal.note("begin", users=len(users), cores=1)
    working = threading.Thread(target=lambda: asyncio.run(work()))
    working.start()
    try:
        until(lambda: confirmed() >= 2)
        journal.note("fault begins", name="server killed")
        server.kill()
        before = confirmed()
        server.start()
        journal.note("fault ends", name="server killed")
        until(lambda: confirmed() > before)
    finally:
        over.set()
        working.join()
    kept, doubtful = ([named for user in users for named in getattr(user, kind)] for kind in ("kept", "doubtful"))
    found = compare_with_ledger(kept, doubtful, server.url, tokens[0])
    journal.note("ledger", **found)
    journal.close()
    assert found == {**found, "confirmed": len(kept), "lost": 0, "repeated": 0, "foreign": 0, "intact": True}
    assert "0 were lost and 0 stored twice; the chain of hashes is intact" in write_report(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["failed_outside_faults"] == 0
    assert report["faults"][0]["failed"] > 0  # readers noticed
    assert (tmp_path / "mixed-load.png").stat().st_size > 0
