"""Batches of a task, drawn in this process or ahead of it by others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from mammolens.training.task import Batch, Task

_Key = tuple[int, int, list[int]]  # epoch, step, indices of images


class BatchLoader:
    """Reads images, inserts lesions and stacks batches while the network learns from earlier ones.

    A batch depends on its epoch and step only (:meth:`~mammolens.training.task.Task.batch`), so batches and their order
    are the same for any number of workers.

    Args:
        task: whose batches.
        workers: processes that draw batches ahead, each at most two; 0: this process draws a batch when it is needed.
    """

    def __init__(self, task: Task, workers: int) -> None:
        self._task = task
        self._keys: list[_Key] = []  # of the epoch; workers last for all epochs
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
            Exception: what :meth:`~mammolens.training.task.Task.batch` raises, from whatever process.
        """
        self._keys[:] = [(epoch, step, places) for step, places in enumerate(self._task.batches(epoch))]
        for (_, _, places), batch in zip(self._keys, self._loader, strict=True):
            if isinstance(batch, Exception):
                raise batch
            yield len(places), batch


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
