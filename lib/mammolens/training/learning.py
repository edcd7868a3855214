"""The optimisation loop: mean squared error on normal images, best validation epoch kept."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.errors import ConfigError
from mammolens.training.checkpoint import LearningState, load_checkpoint, save_checkpoint
from mammolens.training.progress import Observer, Stage, TrainingProgress


def learn(
    network: nn.Module,
    images: torch.Tensor,
    validation: torch.Tensor,
    config: TrainingConfig,
    *,
    folder: Path,
    fingerprint: str,
    observe: Observer,
) -> LearningState:
    """Fit ``network`` in place and load its best weights at the end.

    A checkpoint is written after every epoch; a run with the same fingerprint goes on from it and
    ends in the same weights, since each epoch draws its order from the seed and its own number.

    Args:
        images: ``(n, 1, size, size)`` float32 of normal patients.
        validation: the same of other normal patients, for stopping early.
        folder: where the checkpoint is kept.
        fingerprint: of configuration and data; a checkpoint of another run is not used.

    Raises:
        ConfigError: the error is no number any more.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    state = load_checkpoint(folder, fingerprint, network, optimizer) or LearningState()
    started, first = time.monotonic(), state.epoch
    while state.epoch < config.epochs and state.epoch - state.best_epoch < config.patience:
        state.epoch += 1
        state.training_errors.append(_train_epoch(network, images, optimizer, config, state.epoch))
        state.validation_errors.append(_error(network, validation, config.batch_size))
        if not math.isfinite(state.validation_errors[-1]):
            reason = f"the validation error of epoch {state.epoch} is {state.validation_errors[-1]}"
            raise ConfigError("training.learning_rate", reason, "choose a smaller one")
        if state.best_epoch == state.epoch:
            state.best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        save_checkpoint(folder, fingerprint, state, network, optimizer)
        left = (config.epochs - state.epoch) * (time.monotonic() - started) / (state.epoch - first)
        errors = state.training_errors[-1], state.validation_errors[-1]
        observe(TrainingProgress(Stage.LEARN, state.epoch, config.epochs, *errors, left))
    network.load_state_dict(state.best)
    return state


def _train_epoch(
    network: nn.Module, images: torch.Tensor, optimizer: torch.optim.Optimizer, config: TrainingConfig, epoch: int
) -> float:
    network.train()
    total = 0.0
    for batch in _batches(len(images), config.batch_size, config.seed * 100_003 + epoch):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(images[batch]), images[batch])
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * len(batch)
    return total / len(images)


def _batches(count: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    yield from order.split(size)


@torch.inference_mode()
def _error(network: nn.Module, images: torch.Tensor, batch_size: int) -> float:
    network.eval()
    total = sum(float(nn.functional.mse_loss(network(batch), batch)) * len(batch) for batch in images.split(batch_size))
    return total / len(images)
