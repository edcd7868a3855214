from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import monailabel.app
import pytest
from starlette.exceptions import HTTPException

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.work_queue import WorkQueue
from mammolens.labelapp.tasks.infer import MammogramInfer

from ...patience import PATIENCE_S

Block = Callable[[], str]


@pytest.fixture
def a_gate() -> Iterator[threading.Event]:
    """What blocked work waits for."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def block(a_gate: threading.Event) -> Block:
    """Work that ends when the gate opens."""

    def work() -> str:
        assert a_gate.wait(PATIENCE_S)
        return "done"

    return work


def _threads(name: str) -> int:
    return sum(thread.name.startswith(name) for thread in threading.enumerate())


async def _waiting(queue: WorkQueue, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while queue.waiting != count:
            await asyncio.sleep(0.01)


def test_works_wait_in_order_and_take_no_thread(a_gate: threading.Event, block: Block) -> None:
    queue = WorkQueue("in-order", workers=1, most_waiting=50)
    ended: list[int] = []

    async def ask() -> None:
        works = [asyncio.create_task(queue.run(block))]
        works += [asyncio.create_task(queue.run(lambda number=number: ended.append(number))) for number in range(50)]
        await _waiting(queue, 50)
        assert _threads("in-order") == 1
        a_gate.set()
        await asyncio.gather(*works)

    asyncio.run(ask())
    assert ended == list(range(50))


def test_a_full_queue_says_when_to_come_back(a_gate: threading.Event, block: Block) -> None:
    queue = WorkQueue("full", workers=1, most_waiting=2)

    async def ask() -> None:
        works = [asyncio.create_task(queue.run(block)) for _ in range(3)]
        await _waiting(queue, 2)
        with pytest.raises(HTTPException) as refused:
            await queue.run(block)
        assert refused.value.status_code == 429
        assert int((refused.value.headers or {})["Retry-After"]) >= 1
        with pytest.raises(HTTPException):
            queue.check_room()
        a_gate.set()
        assert await asyncio.gather(*works) == ["done"] * 3
        queue.check_room()

    asyncio.run(ask())


def test_two_works_of_one_key_run_after_each_other_and_let_others_go_first(
    a_gate: threading.Event, block: Block
) -> None:
    queue = WorkQueue("keys", workers=2, most_waiting=5)

    async def ask() -> None:
        first = asyncio.create_task(queue.run(block, key="a"))
        await asyncio.sleep(0)
        second = asyncio.create_task(queue.run(block, key="a"))
        await asyncio.sleep(0)
        assert await queue.run(lambda: "another", key="b") == "another"
        assert queue.waiting == 1
        assert not second.done()
        a_gate.set()
        assert await asyncio.gather(first, second) == ["done", "done"]

    asyncio.run(ask())


def test_works_of_one_key_do_not_wait_without_limit_beside_an_idle_worker(
    a_gate: threading.Event, block: Block
) -> None:
    queue = WorkQueue("one-key", workers=2, most_waiting=3)

    async def ask() -> None:
        works = [asyncio.create_task(queue.run(block, key="a")) for _ in range(4)]
        await _waiting(queue, 3)
        with pytest.raises(HTTPException) as refused:
            await queue.run(block, key="a")
        assert refused.value.status_code == 429
        assert await queue.run(lambda: "another", key="b") == "another"
        a_gate.set()
        assert await asyncio.gather(*works) == ["done"] * 4

    asyncio.run(ask())


def test_work_whose_client_has_left_is_dropped(a_gate: threading.Event, block: Block) -> None:
    queue = WorkQueue("left", workers=1, most_waiting=5)

    class Gone:
        async def is_disconnected(self) -> bool:
            return True

    async def ask() -> None:
        running = asyncio.create_task(queue.run(block))
        await asyncio.sleep(0)
        gone: Any = Gone()
        with pytest.raises(HTTPException) as left:
            await queue.run(lambda: pytest.fail("was run"), gone)
        assert left.value.status_code == 499
        a_gate.set()
        assert await running == "done"

    asyncio.run(ask())


def test_an_error_is_raised_where_the_result_is_awaited() -> None:
    queue = WorkQueue("error", workers=1, most_waiting=5)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(queue.run(lambda: 1 // 0))
    assert asyncio.run(queue.run(lambda: "next")) == "next"


def test_while_inference_waits_everything_else_is_answered_and_what_is_too_much_refused(
    an_app: MammoLensApp, a_gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    infer = MammogramInfer.__call__

    def blocked(*arguments: Any) -> Any:
        assert a_gate.wait(PATIENCE_S)
        return infer(*arguments)

    monkeypatch.setattr(MammogramInfer, "__call__", blocked)
    image = an_app.datastore().list_images()[0]
    most = 32 + 2  # those that wait, and MONAI_LABEL_INFER_CONCURRENCY
    asked = 70

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(monailabel.app.app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=PATIENCE_S) as client:
            url = f"/infer/mammolens?image={image}&output=json"
            works = [asyncio.create_task(client.post(url)) for _ in range(asked)]
            async with asyncio.timeout(PATIENCE_S):
                for path in ("/info/", "/mammolens/worklist", "/healthz", "/readyz", f"/datastore/image?image={image}"):
                    assert (await client.get(path)).status_code == 200
                while sum(work.done() for work in works) < asked - most:
                    await asyncio.sleep(0.01)
            a_gate.set()
            return await asyncio.gather(*works)

    answers = asyncio.run(ask())
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == asked - most
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert [answer.status_code for answer in answers].count(200) == most
