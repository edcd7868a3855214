"""The optimisation loop: whatever the task, the best validation epoch is kept."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import nn

from mammolens.config import TrainingConfig
from mammolens.errors import ConfigError
from mammolens.training.batches import BatchLoader
from mammolens.training.checkpoint import LearningState, load_checkpoint, save_checkpoint
from mammolens.training.l2_sp import L2SP
from mammolens.training.progress import Observer, Stage, TrainingProgress
from mammolens.training.task import Task, on_device_of

_WARM_UP = 0.15  # of a one-cycle schedule
_START = 1 / 25  # of the highest rate


def learn(
    network: nn.Module, task: Task, config: TrainingConfig, *, checkpoint: Path, fingerprint: str, observe: Observer
) -> LearningState:
    """Fit ``network`` in place; it ends with the last epoch's weights or the best, depending on the schedule.

    A checkpoint is written after every epoch; a run with the same fingerprint continues from it and
    ends in the same weights, since each epoch draws what is random from the seed and its own number.
    With ``config.l2_sp`` above 0 the weights that ``network`` comes with hold it back; errors are without that penalty.

    Args:
        network: with the weights to begin with, also where a checkpoint is gone on from.
        task: what to learn, and from what.
        checkpoint: the file that it is kept in.
        fingerprint: of configuration and data; a checkpoint of another run is not used.

    Raises:
        ConfigError: the error is no number any more.
    """
    penalty = L2SP(network, config.l2_sp) if config.l2_sp else None
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    state = load_checkpoint(checkpoint, fingerprint, network, optimizer) or LearningState()
    batches = BatchLoader(task, config.workers)
    started, first = time.monotonic(), state.epoch
    while state.epoch < config.epochs and (config.keeps_last_epoch or state.epoch - state.best_epoch < config.patience):
        state.epoch += 1
        state.training_errors.append(_train_epoch(network, task, batches, penalty, optimizer, config, state.epoch))
        state.validation_errors.append(_validation_error(network, task))
        if not math.isfinite(state.validation_errors[-1]):
            reason = f"the validation error of epoch {state.epoch} is {state.validation_errors[-1]}"
            raise ConfigError("training.learning_rate", reason, "choose a smaller one")
        if state.best_epoch == state.epoch:
            state.best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        save_checkpoint(checkpoint, fingerprint, state, network, optimizer)
        left = (config.epochs - state.epoch) * (time.monotonic() - started) / (state.epoch - first)
        errors = state.training_errors[-1], state.validation_errors[-1]
        observe(TrainingProgress(Stage.LEARN, state.epoch, config.epochs, *errors, left))
    if not config.keeps_last_epoch:
        network.load_state_dict(state.best)
    return state


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """The rate when ``progress``, a share in [0, 1], of all steps is done (one cycle: Smith & Topin 2018)."""
    if config.schedule == "constant":
        return config.learning_rate
    if progress < _WARM_UP:
        rise = 0.5 - 0.5 * math.cos(math.pi * progress / _WARM_UP)
        return config.learning_rate * (_START + (1 - _START) * rise)
    return config.learning_rate * (0.5 + 0.5 * math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


def _train_epoch(
    network: nn.Module,
    task: Task,
    batches: BatchLoader,
    penalty: L2SP | None,
    optimizer: torch.optim.Optimizer,
    config: TrainingConfig,
    epoch: int,
) -> float:
    network.train()
    total = 0.0
    for step, (images, batch) in enumerate(batches.of_epoch(epoch)):
        done = (epoch - 1 + step / task.steps) / config.epochs
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, done)
        optimizer.zero_grad()
        loss = task.loss(network, on_device_of(network, batch))
        (loss if penalty is None else loss + penalty(network)).backward()
        optimizer.step()
        total += float(loss.detach()) * images
    return total / len(task.images)


@torch.inference_mode()
def _validation_error(network: nn.Module, task: Task) -> float:
    network.eval()
    return task.validation_error(network)
