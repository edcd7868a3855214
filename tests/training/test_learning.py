from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.errors import ConfigError
from mammolens.models.output import NetworkOutput
from mammolens.training.checkpoint import FILE, LearningState
from mammolens.training.learning import learn, learning_rate
from mammolens.training.progress import Stage, TrainingProgress, ignore_progress
from mammolens.training.reconstruction import ReconstructionTask
from mammolens.training.sample import Sample


class Small(nn.Module):
    """Reconstructs images by two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        first, second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)
        self.layers = nn.Sequential(first, nn.BatchNorm2d(4), nn.ReLU(), second, nn.Sigmoid())

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        return NetworkOutput(self.layers(image), None)


def a_network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return Small()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(12, 1, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def validation() -> torch.Tensor:
    return torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(2))


CONFIG = TrainingConfig(epochs=6, batch_size=5, learning_rate=0.02)
ONE_CYCLE = CONFIG.model_copy(update={"schedule": "one_cycle", "weight_decay": 0.01})


def validation_error(network: nn.Module, validation: torch.Tensor) -> float:
    with torch.inference_mode():
        return float(nn.functional.mse_loss(network.eval().layers(validation), validation))


def fit(
    network: nn.Module,
    images: torch.Tensor,
    validation: torch.Tensor,
    config: TrainingConfig,
    *,
    task: type[ReconstructionTask] = ReconstructionTask,
    **more,
) -> LearningState:
    """Learn to reconstruct the images, ``(n, 1, size, size)``."""
    normals = [
        [Sample.normal(image[0].numpy(), np.ones(image.shape[1:], np.bool_)) for image in stack]
        for stack in (images, validation)
    ]
    options = {"fingerprint": "a", "observe": ignore_progress, **more}
    return learn(network, task(*normals, config), config, **options)


def equal_weights(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.slow
def test_two_runs_give_the_same_weights(images, validation, tmp_path):
    networks = [a_network(), a_network()]
    for number, network in enumerate(networks):
        torch.manual_seed(number)  # whatever else draws random numbers does not matter
        fit(network, images, validation, CONFIG, checkpoint=tmp_path / f"{number}-{FILE}")
    assert equal_weights(*networks)
    assert not equal_weights(networks[0], a_network())


def test_workers_change_no_weight(images, validation, tmp_path):
    networks = [a_network(), a_network()]
    for workers, network in enumerate(networks):
        config = CONFIG.model_copy(update={"epochs": 2, "workers": workers})
        fit(network, images, validation, config, checkpoint=tmp_path / f"{workers}-{FILE}")
    assert equal_weights(*networks)


def test_without_weight_decay_and_schedule_it_is_adam_over_the_same_batches(images, validation, tmp_path):
    """The loop that the autoencoder learned by when it was the only network."""
    network, expected = a_network(), a_network()
    config = CONFIG.model_copy(update={"patience": 100})
    state = fit(network, images, validation, config, checkpoint=tmp_path / FILE)
    optimizer = torch.optim.Adam(expected.parameters(), lr=config.learning_rate)
    best, errors = {}, []
    for epoch in range(1, config.epochs + 1):
        expected.train()
        generator = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
        for batch in torch.randperm(len(images), generator=generator).split(config.batch_size):
            optimizer.zero_grad()
            nn.functional.mse_loss(expected.layers(images[batch]), images[batch]).backward()
            optimizer.step()
        errors.append(validation_error(expected, validation))
        if errors[-1] == min(errors):
            best = {name: tensor.clone() for name, tensor in expected.state_dict().items()}
    expected.load_state_dict(best)
    assert equal_weights(network, expected)
    assert state.validation_errors == pytest.approx(errors)


def test_weight_decay_and_the_schedule_lead_elsewhere(images, validation, tmp_path):
    networks = [a_network() for _ in range(3)]
    changes = ({}, {"weight_decay": 0.01}, {"schedule": "one_cycle"})
    for number, (network, change) in enumerate(zip(networks, changes, strict=True)):
        fit(network, images, validation, CONFIG.model_copy(update=change), checkpoint=tmp_path / f"{number}-{FILE}")
    assert not equal_weights(networks[0], networks[1])
    assert not equal_weights(networks[0], networks[2])


def distance(one: nn.Module, other: nn.Module) -> float:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return float(sum((first - second).square().sum() for first, second in pairs).detach().sqrt())


def test_the_stronger_the_penalty_the_nearer_the_weights_stay(images, validation, tmp_path):
    distances = []
    for number, strength in enumerate((0.0, 0.1, 1.0, 100.0)):
        network = a_network()
        config = CONFIG.model_copy(update={"l2_sp": strength, "patience": 100})
        fit(network, images, validation, config, checkpoint=tmp_path / f"{number}-{FILE}")
        distances.append(distance(network, a_network()))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.1 * distances[0]


def test_a_run_that_was_stopped_is_held_near_where_it_began(images, validation, tmp_path, stopping):
    through, stopped, resumed = a_network(), a_network(), a_network()
    held = CONFIG.model_copy(update={"l2_sp": 0.1})
    fit(through, images, validation, held, checkpoint=tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, images, validation, held, checkpoint=tmp_path / "b", observe=stopping(Stage.LEARN, 3))
    fit(resumed, images, validation, held, checkpoint=tmp_path / "b")
    assert equal_weights(through, resumed)
    free = a_network()
    fit(free, images, validation, CONFIG, checkpoint=tmp_path / "c")
    assert not equal_weights(through, free)


def test_errors_are_told_without_the_penalty(images, validation, tmp_path):
    losses = []

    class Listening(ReconstructionTask):
        def loss(self, network, batch) -> torch.Tensor:
            loss = super().loss(network, batch)
            if network.training:
                losses.append(float(loss.detach()))
            return loss

    config = CONFIG.model_copy(update={"l2_sp": 1000.0, "epochs": 1, "batch_size": 4})
    state = fit(a_network(), images, validation, config, checkpoint=tmp_path / FILE, task=Listening)
    assert len(losses) == 3
    assert state.training_errors == [pytest.approx(sum(losses) / 3)]


def test_one_cycle_rises_from_a_small_rate_to_the_highest_and_falls_to_nothing():
    rates = [learning_rate(ONE_CYCLE, progress / 100) for progress in range(101)]
    assert rates[0] == pytest.approx(0.02 / 25)
    assert rates.index(max(rates)) == 15
    assert rates[15] == pytest.approx(0.02)
    assert rates[100] == pytest.approx(0, abs=1e-9)
    assert sorted(rates[:16]) == rates[:16]
    assert sorted(rates[15:], reverse=True) == rates[15:]
    assert {learning_rate(CONFIG, progress / 100) for progress in range(101)} == {0.02}


def test_another_seed_takes_the_images_in_another_order(images, validation, tmp_path):
    networks = [a_network(), a_network()]
    for seed, network in enumerate(networks):
        config = CONFIG.model_copy(update={"seed": seed})
        fit(network, images, validation, config, checkpoint=tmp_path / f"{seed}-{FILE}")
    assert not equal_weights(*networks)


def test_each_epoch_takes_every_image_once_in_its_own_order(images, validation, tmp_path):
    network, taken = a_network(), []
    network.register_forward_pre_hook(lambda module, given: taken.append(given[0]) if module.training else None)
    config = CONFIG.model_copy(update={"epochs": 2})
    fit(network, images, validation, config, checkpoint=tmp_path / FILE)
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
    state = fit(network, images, validation, config, checkpoint=tmp_path / FILE)
    assert 1 < state.best_epoch < 20
    assert min(state.validation_errors) < state.validation_errors[-1]
    assert validation_error(network, validation) == pytest.approx(min(state.validation_errors))


def test_one_cycle_runs_to_its_end_and_keeps_the_last_epoch(bright_and_less_bright, tmp_path):
    network, (images, validation) = a_network(), bright_and_less_bright
    config = CONFIG.model_copy(update={"epochs": 20, "patience": 2, "learning_rate": 0.01, "schedule": "one_cycle"})
    state = fit(network, images, validation, config, checkpoint=tmp_path / FILE)
    assert state.best_epoch < state.epoch == 20
    assert min(state.validation_errors) < state.validation_errors[-1]
    assert validation_error(network, validation) == pytest.approx(state.validation_errors[-1])
    again = a_network()
    fit(again, images, validation, config, checkpoint=tmp_path / FILE)
    assert all(torch.equal(again.state_dict()[name], value) for name, value in network.state_dict().items())


def test_it_stops_after_so_many_epochs_without_a_better_one(bright_and_less_bright, tmp_path):
    config = CONFIG.model_copy(update={"epochs": 50, "patience": 2, "learning_rate": 0.003})
    state = fit(a_network(), *bright_and_less_bright, config, checkpoint=tmp_path / FILE)
    assert state.epoch == state.best_epoch + 2 < 50


def test_a_run_that_was_stopped_still_stops_early_where_it_would_have(bright_and_less_bright, tmp_path, stopping):
    config = CONFIG.model_copy(update={"epochs": 50, "patience": 3, "learning_rate": 0.003})
    through, resumed = a_network(), a_network()
    whole = fit(through, *bright_and_less_bright, config, checkpoint=tmp_path / "a")
    observe = stopping(Stage.LEARN, whole.best_epoch + 1)
    with pytest.raises(KeyboardInterrupt):
        fit(a_network(), *bright_and_less_bright, config, checkpoint=tmp_path / "b", observe=observe)
    state = fit(resumed, *bright_and_less_bright, config, checkpoint=tmp_path / "b")
    assert state.epoch == whole.epoch == whole.best_epoch + 3
    assert equal_weights(through, resumed)


def test_errors_are_means_over_images_whatever_the_batches(images, validation, tmp_path):
    config = CONFIG.model_copy(update={"epochs": 1, "learning_rate": 1e-30})  # stands still
    network = a_network()
    state = fit(network, images, validation, config, checkpoint=tmp_path / FILE)
    assert state.validation_errors == [pytest.approx(validation_error(network, validation), rel=1e-5)]


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_the_average_of_the_weights_is_validated_and_kept(images, validation, tmp_path, schedule):
    """One epoch, so that the last is the best: the average follows from the weights after each step."""
    decay, network, steps = 0.6, a_network(), []
    config = CONFIG.model_copy(update={"epochs": 1, "schedule": schedule})
    plain = a_network()
    plain.register_forward_pre_hook(
        lambda module, _: steps.append({name: tensor.clone() for name, tensor in module.state_dict().items()})
    )
    fit(plain, images, validation, config, checkpoint=tmp_path / "plain")
    averaged = config.model_copy(update={"ema": decay})
    state = fit(network, images, validation, averaged, checkpoint=tmp_path / "averaged")
    first, second, last = *steps[1:3], plain.state_dict()
    for name, found in network.state_dict().items():
        if found.is_floating_point():
            expected = decay * (decay * first[name] + (1 - decay) * second[name]) + (1 - decay) * last[name]
            torch.testing.assert_close(found, expected)
    assert not equal_weights(network, plain)
    assert state.validation_errors == [pytest.approx(validation_error(network, validation))]


def test_mixed_precision_leads_to_about_the_same_weights_which_stay_float32(images, validation, tmp_path):
    networks, states, types = [a_network(), a_network()], [], []
    networks[1].layers[0].register_forward_hook(lambda module, _, output: types.append((module.training, output.dtype)))
    for precision, network in zip(("float32", "bfloat16"), networks, strict=True):
        config = CONFIG.model_copy(update={"precision": precision, "patience": 100})
        states.append(fit(network, images, validation, config, checkpoint=tmp_path / precision))
    assert set(types) == {(True, torch.bfloat16), (False, torch.float32)}
    assert all(tensor.dtype != torch.bfloat16 for tensor in networks[1].state_dict().values())
    assert states[1].validation_errors == pytest.approx(states[0].validation_errors, rel=0.2)
    assert states[1].validation_errors[-1] < 0.3 * states[1].validation_errors[0]
    assert not equal_weights(*networks)


AVERAGED = CONFIG.model_copy(update={"ema": 0.9, "precision": "bfloat16"})
AVERAGED_ONE_CYCLE = ONE_CYCLE.model_copy(update={"ema": 0.9})


@pytest.mark.parametrize(
    "config",
    [CONFIG, ONE_CYCLE, AVERAGED, AVERAGED_ONE_CYCLE],
    ids=["constant", "one_cycle", "averaged", "averaged_one_cycle"],
)
@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_a_run_that_was_stopped_ends_in_the_same_weights(images, validation, tmp_path, stopping, config, epoch):
    through, stopped = a_network(), a_network()
    whole = fit(through, images, validation, config, checkpoint=tmp_path / "a")
    kept = {"checkpoint": tmp_path / "b", "fingerprint": "a"}
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, images, validation, config, **kept, observe=stopping(Stage.LEARN, epoch))
    resumed, seen = a_network(seed=9), []
    state = fit(resumed, images, validation, config, **kept, observe=seen.append)
    assert [progress.done for progress in seen] == list(range(epoch + 1, 7))
    assert equal_weights(through, resumed)
    assert (state.training_errors, state.validation_errors) == (whole.training_errors, whole.validation_errors)


def test_every_epoch_is_told_with_its_errors_and_the_time_left(images, validation, tmp_path):
    seen: list[TrainingProgress] = []
    state = fit(a_network(), images, validation, CONFIG, checkpoint=tmp_path / FILE, observe=seen.append)
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
        fit(a_network(), images, broken, CONFIG, checkpoint=tmp_path / FILE)
    assert not list(tmp_path.iterdir())
