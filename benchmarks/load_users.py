"""Users of a server under load: each reads the worklist, opens exams, infers and decides, and everything is noted."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

LONGEST_S = 60.0
"""A request without an answer for so long has failed."""
_RETRY_S = 2.0
_VERDICTS = ("normal", "normal", "normal", "finding", "poor_quality")


class Journal:
    """What happened, a line of JSON each, written at once: an interrupted run can be evaluated, too. Thread-safe.

    Args:
        path: appended to.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def note(self, kind: str, **told: Any) -> None:
        """Add a line with the time."""
        line = json.dumps({"kind": kind, "at": time.time(), **told})
        with self._lock:
            self._file.write(f"{line}\n")

    def close(self) -> None:
        """Nothing is noted afterwards."""
        self._file.close()


@dataclass
class User:
    """An annotator who looks at one exam after another.

    Attributes:
        url: of the server.
        token: of the account.
        journal: gets each request and each decision.
        seed: of the choices.
        pause_s: mean time between two requests.
        kept: ids of decisions that the server has confirmed.
        doubtful: ids of decisions that it never answered.
    """

    url: str
    token: str | None
    journal: Journal
    seed: int
    pause_s: float = 1.0
    kept: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    async def work(self, is_over: Callable[[], bool]) -> None:
        """Visit exams until it is over."""
        chance = random.Random(self.seed)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=LONGEST_S) as client:
            while not is_over():
                await self._visit(client, chance, is_over)

    async def _visit(self, client: httpx.AsyncClient, chance: random.Random, is_over: Callable[[], bool]) -> None:
        async def ask(method: str, route: str, **ids: str) -> httpx.Response | None:
            await asyncio.sleep(chance.expovariate(1 / self.pause_s))
            return await self._ask(client, method, route, None, **ids)

        listed = await ask("GET", "/mammolens/worklist")
        if listed is None or listed.status_code != httpx.codes.OK:
            await asyncio.sleep(_RETRY_S)
            return
        exam = chance.choice(listed.json()["exams"])
        image = chance.choice(exam["images"])
        await ask("GET", "/mammolens/exams/{exam}", exam=exam["exam"])
        await ask("POST", "/mammolens/exams/{exam}/infer", exam=exam["exam"])  # once; then it is stored
        await ask("GET", "/mammolens/images/{image}/thumbnail.jpg", image=image)
        await ask("GET", "/mammolens/images/{image}.dcm", image=image)
        await ask("POST", "/infer/mammolens?image={image}&output=json", image=image)
        await ask("GET", "/info/")
        await self._decide(client, chance, exam["exam"], is_over)

    async def _decide(
        self, client: httpx.AsyncClient, chance: random.Random, exam: str, is_over: Callable[[], bool]
    ) -> None:
        """Send a decision until it is answered, with the same id, as viewers do."""
        named = str(uuid.UUID(int=chance.getrandbits(128)))
        verdict = chance.choice(_VERDICTS)
        body = {"id": named, "verdict": verdict, "second_confirmation": verdict == "normal"}
        while True:
            answer = await self._ask(client, "POST", "/mammolens/exams/{exam}/decisions", body, exam=exam)
            if answer is not None and answer.status_code < 500:
                break
            if is_over():
                self.doubtful.append(named)
                self.journal.note("doubtful", id=named)
                return
            await asyncio.sleep(_RETRY_S)
        if answer.status_code == httpx.codes.OK:
            self.kept.append(named)
            self.journal.note("kept", id=named)

    async def _ask(
        self, client: httpx.AsyncClient, method: str, route: str, body: dict[str, Any] | None, **ids: str
    ) -> httpx.Response | None:
        began, answer, problem = time.perf_counter(), None, None
        try:
            answer = await client.request(method, route.format(**ids), json=body)
        except httpx.HTTPError as error:
            problem = type(error).__name__
        status = None if answer is None else answer.status_code
        seconds = round(time.perf_counter() - began, 4)
        where = f"{method} {route.partition('?')[0]}"
        self.journal.note("request", route=where, status=status, seconds=seconds, problem=problem)
        return answer


def ledger_of(url: str, token: str | None) -> tuple[list[str], dict[str, Any]]:
    """Ids of all decisions in the order of the ledger, and what the server says of the chain."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found: list[dict[str, Any]] = []
    with httpx.Client(base_url=url, headers=headers, timeout=LONGEST_S) as client:
        while True:
            after = found[-1]["sequence"] if found else 0
            answer = client.get(f"/mammolens/decisions?after={after}&limit=1000").raise_for_status()
            page = answer.json()["decisions"]
            found += page
            if not page:
                audit = client.get("/mammolens/decisions/audit").raise_for_status().json()
                return [entry["decision_id"] for entry in found], audit


def compare_with_ledger(kept: list[str], doubtful: list[str], url: str, token: str | None) -> dict[str, Any]:
    """Whether each confirmed decision is in the ledger exactly once.

    Returns:
        Counts: ``confirmed``; of those ``lost`` and ``repeated``; ``doubtful`` without an answer and of those
        ``doubtful_in_ledger``; ``entries`` and ``foreign`` ones that nobody sent; whether the chain is ``intact``.
    """
    entries, audit = ledger_of(url, token)
    times = {named: entries.count(named) for named in {*kept, *doubtful}}
    return {
        "confirmed": len(kept),
        "lost": sum(times[named] == 0 for named in kept),
        "repeated": sum(count > 1 for count in times.values()),
        "doubtful": len(doubtful),
        "doubtful_in_ledger": sum(times[named] > 0 for named in doubtful),
        "entries": len(entries),
        "foreign": len(set(entries) - times.keys()),
        "intact": bool(audit["intact"]) and audit["entries"] == len(entries),
    }
