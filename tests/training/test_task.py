from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.training.sample import Sample
from mammolens.training.task import Task


class Nothing(Task):
    def loss(self, network: nn.Module, epoch: int, step: int, places: list[int]) -> torch.Tensor:
        return torch.zeros(())

    def validation_error(self, network: nn.Module) -> float:
        return 0.0


def a_task(count: int, size: int, seed: int = 0) -> Nothing:
    image = Sample.normal(np.zeros((2, 2), np.float32), np.ones((2, 2), np.bool_))
    return Nothing([image] * count, [image], TrainingConfig(batch_size=size, seed=seed))


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
