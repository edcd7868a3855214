"""Work shared out among processes of this computer: results in order, and never more of it at a time than fits."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_log = logging.getLogger(__name__)
_PER_WORKER: Final = 4  # items at a time; with 2, workers wait for a slow first item (benchmarks/simulated_nodes.py)
_PRELOADED: Final = "mammolens.archive.exam_scoring"  # imported once, then shared by all workers


class ProcessEngine:
    """Maps items to results in worker processes; a worker that crashes costs one item.

    Workers end with this process, also if it is killed.

    Args:
        workers: processes; each computes in one thread.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._context = _context()

    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item], crashed: Callable[[Item], Result]
    ) -> Iterator[Result]:
        """The results in the order of the items, of which only a few are taken in advance.

        Args:
            work: what to do; is pickled.
            items: are pickled.
            crashed: the result of an item whose work ends the process.

        Raises:
            Exception: what ``work`` raised.
        """
        mapping = _Mapping(self._workers, self._context, work, crashed)
        try:
            yield from mapping.over(iter(items))
        finally:
            mapping.close()


class _Mapping(Generic[Item, Result]):
    def __init__(
        self, workers: int, context: BaseContext, work: Callable[[Item], Result], crashed: Callable[[Item], Result]
    ) -> None:
        self._workers, self._context, self._work, self._crashed = workers, context, work, crashed
        self._pool = self._new_pool()

    def over(self, items: Iterator[Item]) -> Iterator[Result]:
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        while True:
            while len(waiting) < _PER_WORKER * self._workers:
                try:
                    item = next(items)
                except StopIteration:
                    break
                waiting.append((item, self._submit(item)))
            if not waiting:
                return
            item, future = waiting[0]
            try:
                result = future.result()
            except BrokenProcessPool:
                yield from self._one_by_one([item for item, _ in waiting])
                waiting.clear()
            else:
                waiting.popleft()
                yield result

    def close(self) -> None:
        """End the workers; what they are doing is given up."""
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()

    def _one_by_one(self, items: list[Item]) -> Iterator[Result]:
        """After a crash: the item that crashes again by itself is the culprit."""
        _log.warning("a worker process ended unexpectedly; the exams in work are done again one by one")
        for item in items:
            self.close()
            self._pool = self._new_pool(1)
            try:
                result = self._submit(item).result()
            except BrokenProcessPool:
                result = self._crashed(item)
            yield result
        self.close()
        self._pool = self._new_pool()

    def _submit(self, item: Item) -> Future[Result]:
        try:
            return self._pool.submit(self._work, item)
        except BrokenProcessPool as error:  # by an item before this one
            failed: Future[Result] = Future()
            failed.set_exception(error)
            return failed

    def _new_pool(self, workers: int | None = None) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers or self._workers, self._context, initializer=_start_worker)


def _context() -> BaseContext:
    """Workers are forked from a small process that has imported what they need, where the system can do this."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    return context


def _start_worker() -> None:
    import torch

    torch.set_num_threads(1)  # a process for each core needs no threads, and results do not depend on their number
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends its workers
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for items forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
