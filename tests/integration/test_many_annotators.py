"""Many annotators decide at once, and the server is killed meanwhile: no decision is lost, and none is kept twice.

By hand: ``MAMMOLENS_DECISIONS=10000`` for as many decisions, ``MAMMOLENS_KILLS=20`` for as many kills.
"""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.review.chain import Head
from mammolens.review.ledger import Ledger

from ..patience import until
from .conftest import Server, StartServer
from .realm import Realm, running_realm

pytestmark = [pytest.mark.integration, pytest.mark.timeout(7200)]
ANNOTATORS = 20
DECISIONS = int(os.environ.get("MAMMOLENS_DECISIONS", "200"))
KILLS = int(os.environ.get("MAMMOLENS_KILLS", "3"))
VERDICTS = ("normal", "normal", "normal", "finding", "poor_quality")
IMPATIENT_S = 0.02
LONGEST_S = 600.0


@dataclass
class Annotator:
    """Decides again and again; who gets no answer sends the same once more.

    Attributes:
        kept: ids of what the server has confirmed, in order.
        again: how often something was sent that had been sent already.
    """

    server: Server
    exams: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    kept: list[str] = field(default_factory=list)
    again: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._session = requests.Session()
        self._session.headers.update(self.headers)

    def decide(self) -> None:
        """One decision, or now and then the taking back of one; sent until it is answered."""
        named, exam = str(uuid.UUID(int=self._chance.getrandbits(128))), self._chance.choice(self.exams)
        path, body = f"/mammolens/exams/{exam}/decisions", {"id": named, "verdict": self._chance.choice(VERDICTS)}
        impatient, doubts = self._chance.random() < 0.1, self._chance.random() < 0.1
        if self._chance.random() < 0.05:
            # Sent once: one that is refused, and comes a second time later, might find something to take back.
            path, body, impatient = f"{path}/undo", {"id": named}, False
        status = self._answered(path, body, impatient=impatient)
        if status == 409 and path.endswith("undo"):  # there is nothing to take back
            return
        assert status == 200, status
        if doubts:
            self.again += 1
            assert self._answered(path, body) == 200
        self.kept.append(named)

    def _answered(self, path: str, body: dict[str, str], *, impatient: bool = False) -> int:
        gives_up = time.monotonic() + LONGEST_S
        while True:
            try:
                patience = IMPATIENT_S if impatient else 60
                return self._session.post(self.server.url + path, json=body, timeout=patience).status_code
            except requests.RequestException:
                if time.monotonic() > gives_up:
                    raise
                impatient = False
                self.again += 1
                time.sleep(0.05)


@pytest.fixture(scope="module")
def some_exams(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    def make(count: int) -> Path:
        folder = tmp_path_factory.mktemp("studies")
        write_phantom_dataset(folder, normals=count, rows=96, columns=80, spacing=(2.6, 2.6))
        return folder

    return make


@pytest.fixture(scope="module")
def a_realm() -> Iterator[Realm]:
    with running_realm() as realm:
        yield realm


def _entries(server: Server, headers: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        query = f"?after={found[-1]['sequence'] if found else 0}&limit=1000"
        page = server.get(f"/mammolens/decisions{query}", headers=headers).json()["decisions"]
        found += page
        if not page:
            return found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_twenty_annotators_no_decision_is_lost_and_none_kept_twice(
    database: str,
    some_exams: Callable[[int], Path],
    start_server: StartServer,
    a_realm: Realm,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    variables = {"MONAI_LABEL_AUTH_ENABLE": "true", "MONAI_LABEL_AUTH_REALM_URI": a_realm.url}
    if database == "postgresql":
        variables["MAMMOLENS_LEDGER"] = request.getfixturevalue("a_postgres")()
    server = start_server(some_exams(max(5, DECISIONS // 100)), conf={"review_policy": "two_readers"}, **variables)
    roles = ("monailabel-user", "monailabel-annotator")
    logins = [a_realm.login(*roles, name=f"reader-{number:02}", seconds=7200) for number in range(ANNOTATORS)]
    exams = [exam["exam"] for exam in server.get("/mammolens/worklist", headers=logins[0]).json()["exams"]]
    annotators = [Annotator(server, exams, login, seed) for seed, login in enumerate(logins)]

    def work(annotator: Annotator) -> None:
        while len(annotator.kept) < DECISIONS // ANNOTATORS:
            annotator.decide()

    began = time.monotonic()
    with ThreadPoolExecutor(ANNOTATORS) as threads:
        list(threads.map(work, annotators))
    seconds = time.monotonic() - began
    entries = _entries(server, logins[0])
    for number, annotator in enumerate(annotators):
        hers = [entry["decision_id"] for entry in entries if entry["reviewer"] == f"reader-{number:02}"]
        assert hers == annotator.kept  # each once, in her order
    assert len(entries) == DECISIONS // ANNOTATORS * ANNOTATORS
    audit = server.get("/mammolens/decisions/audit", headers=logins[0]).json()
    assert (audit["intact"], audit["entries"]) == (True, len(entries))
    assert server.get("/info/", headers=logins[0]).json()["ledger"]["head"] == audit["head"]
    again = sum(annotator.again for annotator in annotators)
    assert again > 0
    with capsys.disabled():
        print(f"\n{database}: {len(entries)} entries, {again} sent again, {seconds:.0f} s", flush=True)  # noqa: T201


def test_what_was_confirmed_survives_that_the_server_is_killed(
    some_exams: Callable[[int], Path], start_server: StartServer, capsys: pytest.CaptureFixture[str]
) -> None:
    studies = some_exams(5)
    server = start_server(studies)
    exams = [exam["exam"] for exam in server.get("/mammolens/worklist").json()["exams"]]
    annotators = [Annotator(server, exams, seed=seed) for seed in range(4)]
    ended, chance, heads = threading.Event(), random.Random(0), [Head()]

    def work(annotator: Annotator) -> None:
        while not ended.is_set():
            annotator.decide()

    with ThreadPoolExecutor(len(annotators)) as threads:
        working = [threads.submit(work, annotator) for annotator in annotators]
        try:
            for _ in range(KILLS):
                before = sum(len(annotator.kept) for annotator in annotators)
                until(lambda: sum(len(annotator.kept) for annotator in annotators) > before)  # noqa: B023 - asked here
                time.sleep(chance.uniform(0, 0.5))  # at any moment
                confirmed = {named for annotator in annotators for named in annotator.kept}
                server.kill()
                with Ledger.open(studies / ".mammolens" / "decisions.sqlite") as ledger:
                    audit = ledger.audit(*heads)
                    assert audit.is_intact, audit.fault
                    assert confirmed <= {str(entry.decision.decision_id) for entry in ledger.all()}
                    heads.append(audit.head)
                server.start()
        finally:
            ended.set()
        for one in working:
            one.result(LONGEST_S)
    entries = _entries(server, {})
    kept = [named for annotator in annotators for named in annotator.kept]
    assert sorted(entry["decision_id"] for entry in entries) == sorted(kept)
    assert len(heads) == KILLS + 1
    assert heads[-1].sequence > 0
    query = "&".join(f"head={head}" for head in heads[1:])
    audit = server.get(f"/mammolens/decisions/audit?{query}").json()
    assert audit == {**audit, "intact": True, "entries": len(kept)}
    again = sum(annotator.again for annotator in annotators)
    with capsys.disabled():
        print(f"\n{KILLS} kills: {len(kept)} entries, {again} sent again", flush=True)  # noqa: T201
