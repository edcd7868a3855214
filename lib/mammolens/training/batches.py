"""Batches of a task, drawn in this process or ahead of it by others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from mammolens.training.distributed import from_process, number_of_processes, own_number
from mammolens.training.task import Batch, Task, on_device

_CPU = torch.device("cpu")
_Key = tuple[int, int, list[int]]  # epoch, step, indices of images


class BatchLoader:
    """Reads images, inserts lesions and stacks batches while the network learns from earlier ones.

    A batch depends on its epoch and step only (:meth:`~mammolens.training.task.Task.batch`), so batches and their order
    are the same for any number of workers. Of several processes that train together, each draws its share of the
    batches, and all get every batch.

    Args:
        task: whose batches.
        workers: processes that draw batches ahead, each at most two; 0: this process draws a batch when it is needed.
        device: where they are needed.
    """

    def __init__(self, task: Task, workers: int, device: torch.device = _CPU) -> None:
        self._task, self._device = task, device
        self._keys: list[_Key] = []  # of this process in an epoch; workers last for all epochs
        self._loader = DataLoader(
            _Batches(task),
            batch_size=None,
            sampler=self._keys,
            num_workers=workers,
            collate_fn=_unchanged,
            persistent_workers=workers > 0,
            generator=torch.Generator(),  # else it draws from the random numbers of others
        )

    def of_epoch(self, epoch: int) -> Iterator[tuple[int, Batch]]:
        """Each batch with its number of indices.

        Raises:
            Exception: any error of :meth:`~mammolens.training.task.Task.batch`, from any process.
        """
        processes = number_of_processes()
        keys = [(epoch, step, places) for step, places in enumerate(self._task.batches(epoch))]
        self._keys[:] = keys[own_number() :: processes]
        drawn = iter(self._loader)
        for _, step, places in keys:
            source = step % processes
            batch = next(drawn) if source == own_number() else None
            if isinstance(batch, Exception):
                raise batch
            yield len(places), from_process(source, batch and on_device(batch, self._device), self._device)


class _Batches(Dataset[Batch | Exception]):
    def __init__(self, task: Task) -> None:
        self._task = task

    def __getitem__(self, key: _Key) -> Batch | Exception:
        try:
            return self._task.batch(*key)
        except Exception as error:  # noqa: BLE001 - DataLoader would replace its message by a traceback
            return error


def _unchanged(batch: Any) -> Any:
    return batch
