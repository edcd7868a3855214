from __future__ import annotations

import logging

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from mammolens.training.checkpoint import FILE, LearningState, load_checkpoint, save_checkpoint


def a_run() -> tuple[nn.Module, torch.optim.Optimizer]:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    return network, torch.optim.Adam(network.parameters(), lr=0.1)


@pytest.fixture
def a_saved_run(tmp_path):
    """A network and an optimiser after one step, as saved in the test's folder."""
    network, optimizer = a_run()
    network(torch.rand(4, 3)).sum().backward()
    optimizer.step()
    best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = LearningState(2, [0.3, 0.2], [0.4, 0.5], best)
    save_checkpoint(tmp_path / FILE, "this run", state, network, optimizer)
    return network, optimizer, state


def test_a_run_is_restored_with_weights_optimiser_and_history(a_saved_run, tmp_path):
    network, optimizer, state = a_saved_run
    fresh, fresh_optimizer = a_run()
    restored = load_checkpoint(tmp_path / FILE, "this run", fresh, fresh_optimizer)
    assert (restored.epoch, restored.best_epoch) == (2, 1)
    assert (restored.training_errors, restored.validation_errors) == (state.training_errors, state.validation_errors)
    for name, tensor in network.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], tensor)
        assert torch.equal(restored.best[name], state.best[name])
    for index, moments in optimizer.state_dict()["state"].items():
        for name, moment in moments.items():
            assert torch.equal(fresh_optimizer.state_dict()["state"][index][name], moment)


def test_the_average_of_the_weights_is_restored_with_its_number_of_steps(a_saved_run, tmp_path):
    network, optimizer, state = a_saved_run
    average = AveragedModel(network, use_buffers=True)
    for _ in range(3):
        average.update_parameters(network)
    save_checkpoint(tmp_path / FILE, "averaged", state, network, optimizer, average)
    fresh, fresh_optimizer = a_run()
    restored = AveragedModel(fresh, use_buffers=True)
    assert load_checkpoint(tmp_path / FILE, "averaged", fresh, fresh_optimizer, restored) is not None
    assert restored.n_averaged == 3
    for name, tensor in average.state_dict().items():
        assert torch.equal(restored.state_dict()[name], tensor)


def test_without_a_checkpoint_there_is_nothing_to_restore(tmp_path, caplog):
    assert load_checkpoint(tmp_path / FILE, "this run", *a_run()) is None
    assert not caplog.records


def test_the_checkpoint_of_another_run_is_left_alone_and_said_so(a_saved_run, tmp_path, caplog):
    network, optimizer = a_run()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with caplog.at_level(logging.WARNING):
        assert load_checkpoint(tmp_path / FILE, "another run", network, optimizer) is None
    assert "is of another configuration or other data; training starts over" in caplog.text
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_a_damaged_checkpoint_is_no_checkpoint_and_said_so(a_saved_run, tmp_path, caplog, share):
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: int(len(whole) * share)])
    with caplog.at_level(logging.WARNING):
        assert load_checkpoint(tmp_path / FILE, "this run", *a_run()) is None
    assert f"{FILE}: cannot be read" in caplog.text


def test_the_best_epoch_is_the_first_of_the_lowest_errors():
    assert LearningState().best_epoch == 0
    assert LearningState(4, [], [0.3, 0.1, 0.2, 0.1]).best_epoch == 2
