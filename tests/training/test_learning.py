from __future__ import annotations

import pytest
import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.errors import ConfigError
from mammolens.training.learning import learn
from mammolens.training.progress import Stage, TrainingProgress, unobserved


def a_network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    layers = (nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1), nn.Sigmoid())
    return nn.Sequential(*layers)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(12, 1, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def validation() -> torch.Tensor:
    return torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(2))


CONFIG = TrainingConfig(epochs=6, batch_size=5, learning_rate=0.02)


def validation_error(network: nn.Module, validation: torch.Tensor) -> float:
    with torch.inference_mode():
        return float(nn.functional.mse_loss(network.eval()(validation), validation))


def equal_weights(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_two_runs_give_the_same_weights(images, validation, tmp_path):
    networks = [a_network(), a_network()]
    for number, network in enumerate(networks):
        torch.manual_seed(number)  # whatever else draws random numbers does not matter
        learn(network, images, validation, CONFIG, folder=tmp_path / str(number), fingerprint="a", observe=unobserved)
    assert equal_weights(*networks)
    assert not equal_weights(networks[0], a_network())


def test_another_seed_takes_the_images_in_another_order(images, validation, tmp_path):
    networks = [a_network(), a_network()]
    for seed, network in enumerate(networks):
        config = CONFIG.model_copy(update={"seed": seed})
        learn(network, images, validation, config, folder=tmp_path / str(seed), fingerprint="a", observe=unobserved)
    assert not equal_weights(*networks)


def test_each_epoch_takes_every_image_once_in_its_own_order(images, validation, tmp_path):
    network, taken = a_network(), []
    network.register_forward_pre_hook(lambda module, given: taken.append(given[0]) if module.training else None)
    config = CONFIG.model_copy(update={"epochs": 2})
    learn(network, images, validation, config, folder=tmp_path, fingerprint="a", observe=unobserved)
    first, second = torch.cat(taken[:3]), torch.cat(taken[3:])
    assert not torch.equal(first, second)
    for epoch in (first, second):
        assert sorted(epoch.mean(dim=(1, 2, 3)).tolist()) == sorted(images.mean(dim=(1, 2, 3)).tolist())


@pytest.fixture
def bright_and_less_bright(images, validation) -> tuple[torch.Tensor, torch.Tensor]:
    """Who learns the first passes by the second: the validation error falls and then rises."""
    return 0.9 + 0.1 * images, 0.6 + 0.1 * validation


def test_the_best_epoch_is_restored(bright_and_less_bright, tmp_path):
    network, (images, validation) = a_network(), bright_and_less_bright
    config = CONFIG.model_copy(update={"epochs": 20, "patience": 20, "learning_rate": 0.003})
    state = learn(network, images, validation, config, folder=tmp_path, fingerprint="a", observe=unobserved)
    assert 1 < state.best_epoch < 20
    assert min(state.validation_errors) < state.validation_errors[-1]
    assert validation_error(network, validation) == pytest.approx(min(state.validation_errors))


def test_it_stops_after_so_many_epochs_without_a_better_one(bright_and_less_bright, tmp_path):
    config = CONFIG.model_copy(update={"epochs": 50, "patience": 2, "learning_rate": 0.003})
    state = learn(a_network(), *bright_and_less_bright, config, folder=tmp_path, fingerprint="a", observe=unobserved)
    assert state.epoch == state.best_epoch + 2 < 50


def test_errors_are_means_over_images_whatever_the_batches(images, validation, tmp_path):
    config = CONFIG.model_copy(update={"epochs": 1, "learning_rate": 1e-30})  # stands still
    network = a_network()
    state = learn(network, images, validation, config, folder=tmp_path, fingerprint="a", observe=unobserved)
    assert state.validation_errors == [pytest.approx(validation_error(network, validation), rel=1e-5)]


@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_a_run_that_was_stopped_ends_in_the_same_weights(images, validation, tmp_path, stopping, epoch):
    through, stopped = a_network(), a_network()
    whole = learn(through, images, validation, CONFIG, folder=tmp_path / "a", fingerprint="a", observe=unobserved)
    kept = {"folder": tmp_path / "b", "fingerprint": "a"}
    with pytest.raises(KeyboardInterrupt):
        learn(stopped, images, validation, CONFIG, **kept, observe=stopping(Stage.LEARN, epoch))
    resumed, seen = a_network(seed=9), []
    state = learn(resumed, images, validation, CONFIG, **kept, observe=seen.append)
    assert [progress.done for progress in seen] == list(range(epoch + 1, 7))
    assert equal_weights(through, resumed)
    assert (state.training_errors, state.validation_errors) == (whole.training_errors, whole.validation_errors)


def test_every_epoch_is_told_with_its_errors_and_the_time_left(images, validation, tmp_path):
    seen: list[TrainingProgress] = []
    state = learn(a_network(), images, validation, CONFIG, folder=tmp_path, fingerprint="a", observe=seen.append)
    assert [(progress.stage, progress.done, progress.total) for progress in seen] == [
        (Stage.LEARN, epoch, 6) for epoch in range(1, 7)
    ]
    assert [progress.validation_error for progress in seen] == state.validation_errors
    assert all(progress.seconds_left >= 0 for progress in seen)
    assert seen[-1].seconds_left == 0


def test_an_error_that_is_no_number_ends_the_run_with_a_remedy(images, validation, tmp_path):
    broken = validation.clone()
    broken[0, 0, 0, 0] = float("nan")
    with pytest.raises(ConfigError, match=r"training.learning_rate: the validation error of epoch 1 is nan; choose a"):
        learn(a_network(), images, broken, CONFIG, folder=tmp_path, fingerprint="a", observe=unobserved)
    assert not list(tmp_path.iterdir())
