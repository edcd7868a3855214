from __future__ import annotations

import pytest
import torch
from torch import nn

from mammolens.training.l2_sp import L2SP


def a_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 1))


def moved(network: nn.Module, step: float) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(step)


def test_where_it_starts_the_penalty_and_its_gradient_are_zero():
    network = a_network()
    penalty = L2SP(network, 3.0)(network)
    penalty.backward()
    assert penalty.item() == 0
    assert all(not parameter.grad.any() for parameter in network.parameters())


def test_it_is_half_the_strength_times_the_squared_distance_of_all_parameters():
    network = a_network()
    penalty = L2SP(network, 0.5)
    moved(network, 2.0)
    numbers = sum(parameter.numel() for parameter in network.parameters())
    value = penalty(network)
    value.backward()
    assert value.item() == pytest.approx(0.25 * numbers * 4.0)
    for parameter in network.parameters():
        assert torch.allclose(parameter.grad, torch.tensor(1.0)), "strength times the distance"


def test_statistics_of_batches_are_free():
    network = a_network()
    penalty = L2SP(network, 1.0)
    network.train()(torch.rand(2, 1, 8, 8))
    assert penalty(network).item() == 0
