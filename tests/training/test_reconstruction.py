from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.models.output import NetworkOutput
from mammolens.training.reconstruction import ReconstructionTask
from mammolens.training.sample import Sample


class Darker(nn.Module):
    """Gives half of every grey back, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.tensor(0.5))
        self.given: list[tuple[torch.Tensor, torch.Tensor]] = []

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        self.given.append((image, mask))
        return NetworkOutput(self.share * image, None)


def some_images(count: int, seed: int) -> list[Sample]:
    rng = np.random.default_rng(seed)
    return [Sample.normal(rng.random((8, 8), dtype=np.float32), rng.random((8, 8)) < 0.5) for _ in range(count)]


@pytest.fixture
def a_task() -> ReconstructionTask:
    return ReconstructionTask(some_images(7, 1), some_images(5, 2), TrainingConfig(batch_size=3))


def test_the_loss_is_the_mean_squared_error_of_the_images_named(a_task):
    network = Darker()
    loss = a_task.loss(network, a_task.batch(1, 0, [4, 2]))
    chosen = np.stack([a_task.images[place].image for place in (4, 2)])
    assert float(loss.detach()) == pytest.approx(float(np.mean((0.5 * chosen) ** 2)), rel=1e-6)
    ((images, masks),) = network.given
    np.testing.assert_array_equal(images[:, 0], chosen)
    np.testing.assert_array_equal(masks[:, 0], np.stack([a_task.images[place].breast for place in (4, 2)]))
    assert (images.dtype, masks.dtype) == (torch.float32, torch.float32)
    loss.backward()
    assert network.share.grad < 0


def test_the_validation_error_is_the_mean_over_images_whatever_the_batches(a_task):
    with torch.inference_mode():
        error = a_task.validation_error(Darker())
    whole = np.stack([normal.image for normal in a_task.validation])
    assert error == pytest.approx(float(np.mean((0.5 * whole) ** 2)), rel=1e-6)
