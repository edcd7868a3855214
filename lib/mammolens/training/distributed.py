"""One training by several processes that torchrun started; only the first writes files and reports progress.

All functions also work in a single process, where they do nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from mammolens.training.task import Batch

_LONGEST_WAIT: Final = timedelta(days=7)  # the others wait while the first prepares all images; torchrun ends the dead
_FAILED: Final = "mammolens/failed"
_Made = TypeVar("_Made")


@contextmanager
def process_group() -> Iterator[bool]:
    """Join the processes of torchrun, if it started this one; gives whether this process is the first.

    Collectives use NCCL on GPUs, of which each process gets one, and Gloo on CPUs.

    Raises:
        SystemExit: another process has failed before and reports why.
    """
    if not distributed.is_torchelastic_launched():
        yield True
        return
    _take_one_gpu()
    store, rank, processes = next(rendezvous("env://", timeout=_LONGEST_WAIT))
    distributed.init_process_group(store=store, rank=rank, world_size=processes, timeout=_LONGEST_WAIT)
    try:
        yield rank == 0
    except (Exception, KeyboardInterrupt):
        if _is_first_to_fail(store):
            raise
        raise SystemExit(1) from None
    distributed.destroy_process_group()


def number_of_processes() -> int:
    """How many train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def own_number() -> int:
    """The number of this process, counted from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def on_first(make: Callable[[], _Made]) -> _Made:
    """Call a function in the first process only, and give all processes its result.

    Args:
        make: what it returns and raises can be pickled.

    Raises:
        Exception: the function's, in every process.
    """
    if not distributed.is_initialized():
        return make()
    outcome: list[tuple[_Made | None, Exception | None]] = [(None, None)]
    if own_number() == 0:
        try:
            outcome = [(make(), None)]
        except Exception as raised:  # noqa: BLE001 - raised below, in all processes
            outcome = [(None, raised)]
    distributed.broadcast_object_list(outcome)
    made, error = outcome[0]
    if error is not None:
        raise error
    return made  # type: ignore[return-value] # None only if the function gave it


def from_process(source: int, batch: Batch | None, device: torch.device) -> Batch:
    """The batch of one process, in all.

    Args:
        source: number of that process.
        batch: on the device; ``None`` in the other processes.
        device: of this process.
    """
    if not distributed.is_initialized():
        return batch or ()
    described: list[Any] = [None if batch is None else [(tensor.shape, tensor.dtype) for tensor in batch]]
    distributed.broadcast_object_list(described, source)
    tensors = batch or tuple(torch.empty(shape, dtype=dtype, device=device) for shape, dtype in described[0])
    for tensor in tensors:
        distributed.broadcast(tensor, source)
    return tensors


def _take_one_gpu() -> None:
    """Let this process see one GPU only, before torch asks for them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    own = int(os.environ["LOCAL_RANK"])
    gpus = visible.split(",") if visible else []
    os.environ["CUDA_VISIBLE_DEVICES"] = (gpus[own] if own < len(gpus) else "") if gpus else str(own)


def _is_first_to_fail(store: Any) -> bool:
    try:
        return bool(store.add(_FAILED, 1) == 1)
    except RuntimeError:  # the process that keeps the store has ended
        return False
