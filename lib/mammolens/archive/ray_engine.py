"""Work shared out among the nodes of a Ray cluster; an optional extra, ``pip install 'mammolens[ray]'``."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeVar

from mammolens.errors import ConfigError, ServerError

Item = TypeVar("Item")
Result = TypeVar("Result")
# Items at a time, so that an autoscaler sees the demand, and cores do not wait for a slow first item.
PER_CORE: Final = 4
_FEWEST: Final = 8
_RETRIES: Final = 3  # of an item whose process or node is lost


class RayEngine:
    """Maps items to results on a cluster, as :class:`~mammolens.archive.process_engine.ProcessEngine` on one computer.

    An item takes one core. If its node is lost it is done again on another one; Ray keeps worker processes, so each
    loads the model once. Nodes need the same version of MammoLens, and the source and the model at the same paths.
    """

    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item], crashed: Callable[[Item], Result]
    ) -> Iterator[Result]:
        """The results in the order of the items, of which only a few are taken in advance.

        Args:
            work: what to do; is pickled by the name of its function.
            items: are pickled.
            crashed: the result of an item whose process ends each time.

        Raises:
            Exception: what ``work`` raised.
        """
        import ray
        from ray.exceptions import NodeDiedError, OutOfMemoryError, RayTaskError, WorkerCrashedError

        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_done_in_one_thread)
        waiting: deque[tuple[Item, Any]] = deque()
        remaining = iter(items)
        while True:
            while len(waiting) < _at_a_time():
                try:
                    item = next(remaining)
                except StopIteration:
                    break
                waiting.append((item, task.remote(work, item)))
            if not waiting:
                return
            item, reference = waiting.popleft()
            try:
                result = ray.get(reference)
            except RayTaskError as error:
                raise error.cause from error
            except (WorkerCrashedError, OutOfMemoryError, NodeDiedError):
                result = crashed(item)
            yield result


@contextmanager
def ray_engine(address: str | None) -> Iterator[RayEngine]:
    """An engine that is connected to a cluster.

    Args:
        address: of the cluster's head, such as ``10.0.0.1:6379``; ``None``: Ray is started on this computer.

    Raises:
        ConfigError: Ray is not installed.
        ServerError: there is no cluster at this address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray reports its use to its makers
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--engine", "Ray is not installed", "pip install 'mammolens[ray]'") from error
    try:
        ray.init(address=address, log_to_driver=False, include_dashboard=None if address else False)
    except Exception as error:  # Ray raises a bare one where a node does not start
        reason = f"no Ray cluster answers ({(str(error).splitlines() or [type(error).__name__])[0]})"
        raise ServerError(address or "ray", reason, "check the address, and 'ray status' on the cluster") from error
    try:
        yield RayEngine()
    finally:
        ray.shutdown()


def _at_a_time() -> int:
    """More if the cluster has grown."""
    import ray

    return max(_FEWEST, PER_CORE * int(ray.cluster_resources().get("CPU", 0)))


def _done_in_one_thread(work: Callable[[Item], Result], item: Item) -> Result:
    _use_one_thread()
    return work(item)


@lru_cache(1)
def _use_one_thread() -> None:
    """As in the processes of the local engine, so that results are the same to the bit."""
    import torch

    torch.set_num_threads(1)
