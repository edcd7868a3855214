from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import count
from multiprocessing import forkserver
from pathlib import Path

import pytest

from mammolens.archive import process_engine
from mammolens.archive.process_engine import ProcessEngine
from mammolens.errors import PacsError

from ..patience import PATIENCE_S, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def without_what_scores() -> Iterator[None]:
    """Workers are forked from a process that has imported what they need here, which takes a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_engine, "_PRELOADED", "torch")
        yield
    forkserver._forkserver._stop()  # other tests' workers need more


def work(item: int) -> int:
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does if memory is short
    return item * item


def refuse(item: int) -> int:
    raise PacsError("pacs", "does not answer", "try again")


def test_results_come_in_order_and_a_crash_costs_one_item():
    assert list(ProcessEngine(2).map(work, range(9), lambda item: -item)) == [0, 1, 4, 9, 16, -5, 36, 49, 64]


def test_few_items_are_taken_in_advance():
    """Enough that a slow one does not keep the workers waiting."""
    numbers = count()
    results = ProcessEngine(2).map(abs, numbers, abs)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert 8 <= next(numbers) <= 12
    results.close()


def test_an_error_of_the_work_ends_the_run():
    with pytest.raises(PacsError, match="does not answer"):
        list(ProcessEngine(1).map(refuse, [1], abs))


def test_workers_end_with_a_killed_parent(fork_server, tmp_path):
    told = [tmp_path / "a", tmp_path / "b"]
    program = fork_server.start(Path(__file__).with_name("waiting_workers.py"), *told, own_session=True)
    until(lambda: all(path.exists() for path in told), lambda: program.communicate(1))
    program.kill()
    assert program.wait(PATIENCE_S) == -signal.SIGKILL
    workers = [int(path.read_text()) for path in told]
    until(lambda: not any(map(is_running, workers)))


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
