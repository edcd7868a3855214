from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.training.sample import Sample
from mammolens.training.task import Batch, Task


class Numbers(Task):
    """Its batches hold the indices and a random number; the loss is the mean index."""

    def batch(self, epoch: int, step: int, places: list[int]) -> Batch:
        return torch.tensor(places, dtype=torch.float64), torch.tensor([self.random(epoch, step).random()])

    def validation_batches(self) -> Iterator[Batch]:
        yield (torch.tensor([0.0, 1.0, 2.0]),)
        yield (torch.tensor([3.0]),)

    def loss(self, network: nn.Module, batch: Batch) -> torch.Tensor:
        return batch[0].mean()


def a_task(count: int, size: int, seed: int = 0) -> Numbers:
    image = Sample.normal(np.zeros((2, 2), np.float32), np.ones((2, 2), np.bool_))
    return Numbers([image] * count, [image], TrainingConfig(batch_size=size, seed=seed))


@pytest.mark.parametrize(("count", "size", "steps"), [(12, 5, 3), (10, 5, 2), (3, 16, 1)])
def test_an_epoch_takes_every_image_once_in_so_many_batches(count, size, steps):
    task = a_task(count, size)
    batches = list(task.batches(1))
    assert len(batches) == task.steps == steps
    assert sorted(chain.from_iterable(batches)) == list(range(count))


def test_the_order_is_drawn_from_the_seed_and_the_epoch():
    orders = [
        list(chain.from_iterable(a_task(30, 4, seed).batches(epoch)))
        for seed, epoch in ((0, 1), (0, 1), (0, 2), (1, 1))
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2] != orders[3] != orders[0]


def test_every_key_has_its_own_random_numbers_which_only_the_seed_changes():
    drawn = [
        a_task(3, 2, seed).random(*key).random() for seed, key in ((0, (1, 2)), (0, (1, 2)), (0, (2, 1)), (1, (1, 2)))
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_the_validation_error_is_the_mean_over_images_whatever_the_batches():
    task = a_task(4, 2)
    task.validation = [task.images[0]] * 4
    assert task.validation_error(nn.Identity()) == pytest.approx((0 + 1 + 2 + 3) / 4)
