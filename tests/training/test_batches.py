from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.config import LesionConfig, TrainingConfig
from mammolens.errors import StorageError
from mammolens.training.batches import BatchLoader
from mammolens.training.restoration import RestorationTask
from mammolens.training.sample import Sample
from mammolens.training.task import Batch, Task

pytestmark = pytest.mark.slow


def a_breast(seed: int) -> Sample:
    image = np.random.default_rng(seed).uniform(0.2, 0.8, (60, 40)).astype(np.float32)
    return Sample.normal(image, np.ones(image.shape, np.bool_))


def two_epochs(task: Task, workers: int) -> list[tuple[int, Batch]]:
    loader = BatchLoader(task, workers)
    return [drawn for epoch in (1, 2) for drawn in loader.of_epoch(epoch)]


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_and_their_order_are_the_same_for_any_number_of_workers(workers):
    config = TrainingConfig(batch_size=3, lesions=LesionConfig())
    task = RestorationTask([a_breast(seed) for seed in range(7)], [a_breast(9)], config, 3.0)
    here, ahead = two_epochs(task, 0), two_epochs(task, workers)
    assert [images for images, _ in here] == [images for images, _ in ahead] == [3, 3, 1, 3, 3, 1]
    for (_, one), (_, other) in zip(here, ahead, strict=True):
        assert all(torch.equal(first, second) for first, second in zip(one, other, strict=True))
    assert not torch.equal(here[0][1][0], here[3][1][0])


class Processes(Task):
    """Its batches hold the number of the process that draws them; the one of step 1 cannot be drawn."""

    def __init__(self, failing: Exception | None = None) -> None:
        image = a_breast(0)
        super().__init__([image] * 4, [image], TrainingConfig(batch_size=1))
        self.failing = failing

    def batch(self, epoch: int, step: int, places: list[int]) -> Batch:
        if step == 1 and self.failing is not None:
            raise self.failing
        return (torch.tensor([os.getpid()]),)

    def validation_batches(self) -> Iterator[Batch]:
        yield self.batch(0, 0, [])

    def loss(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        return batch[0].sum()


def test_workers_last_for_all_epochs():
    drawn = {int(batch[0]) for _, batch in two_epochs(Processes(), 2)}
    assert len(drawn) == 2
    assert os.getpid() not in drawn
    assert {int(batch[0]) for _, batch in two_epochs(Processes(), 0)} == {os.getpid()}


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_a_worker_is_raised_as_it_is(workers):
    error = StorageError("images/a", "is missing", "prepare the images again")
    batches = BatchLoader(Processes(error), workers).of_epoch(1)
    assert next(batches)[0] == 1
    with pytest.raises(StorageError, match=r"^images/a: is missing; prepare the images again$"):
        next(batches)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_random_numbers_of_others_are_left_alone(workers):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    two_epochs(Processes(), workers)
    assert torch.equal(torch.rand(3), expected)
