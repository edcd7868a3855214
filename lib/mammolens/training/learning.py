"""The optimisation loop, which keeps the best validation epoch for every task."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mammolens.config import TrainingConfig
from mammolens.errors import ConfigError
from mammolens.training.batches import BatchLoader
from mammolens.training.checkpoint import LearningState, load_checkpoint, save_checkpoint
from mammolens.training.distributed import number_of_processes, on_first, own_number
from mammolens.training.l2_sp import L2SP
from mammolens.training.progress import Observer, Stage, TrainingProgress
from mammolens.training.reused_memory import reused_memory
from mammolens.training.sharded import Sharded, with_shared_statistics
from mammolens.training.task import Batch, Task, device_of

_WARM_UP = 0.15  # of a one-cycle schedule
_START = 1 / 25  # of the highest rate


@reused_memory()
def learn(
    network: nn.Module, task: Task, config: TrainingConfig, *, checkpoint: Path, fingerprint: str, observe: Observer
) -> LearningState:
    """Fit ``network`` in place; it ends with the last epoch's weights or the best, depending on the schedule.

    A checkpoint is written after every epoch; a run with the same fingerprint continues from it and
    ends in the same weights, since each epoch draws what is random from the seed and its own number.
    With ``config.l2_sp`` above 0 the weights that ``network`` comes with hold it back; errors are without that penalty.
    With ``config.ema`` above 0 the moving average of the weights is what is validated and kept.
    Processes of one group (:mod:`mammolens.training.distributed`) share each batch; the first one writes the checkpoint
    and observes.

    Args:
        network: with the weights to begin with, also where a checkpoint is gone on from.
        task: what to learn, and from what.
        checkpoint: the file that it is kept in.
        fingerprint: of configuration and data; a checkpoint of another run is not used.

    Raises:
        ConfigError: the error is not a number any more.
    """
    learner = with_shared_statistics(network) if number_of_processes() > 1 else network
    training = _Training(learner, task, config)
    state = load_checkpoint(checkpoint, fingerprint, learner, training.optimizer, training.average) or LearningState()
    started, first = time.monotonic(), state.epoch
    while state.epoch < config.epochs and (config.keeps_last_epoch or state.epoch - state.best_epoch < config.patience):
        state.epoch += 1
        state.training_errors.append(training.train(state.epoch))
        state.validation_errors.append(training.validation_error())
        if not math.isfinite(state.validation_errors[-1]):
            reason = f"the validation error of epoch {state.epoch} is {state.validation_errors[-1]}"
            raise ConfigError("training.learning_rate", reason, "choose a smaller one")
        if state.best_epoch == state.epoch:
            state.best = {name: tensor.clone() for name, tensor in training.kept.state_dict().items()}
        if own_number() > 0:
            continue
        save_checkpoint(checkpoint, fingerprint, state, learner, training.optimizer, training.average)
        left = (config.epochs - state.epoch) * (time.monotonic() - started) / (state.epoch - first)
        errors = state.training_errors[-1], state.validation_errors[-1]
        observe(TrainingProgress(Stage.LEARN, state.epoch, config.epochs, *errors, left))
    network.load_state_dict(training.kept.state_dict() if config.keeps_last_epoch else state.best)
    return state


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """The rate when ``progress``, a share in [0, 1], of all steps is done (one cycle: Smith & Topin 2018)."""
    if config.schedule == "constant":
        return config.learning_rate
    if progress < _WARM_UP:
        rise = 0.5 - 0.5 * math.cos(math.pi * progress / _WARM_UP)
        return config.learning_rate * (_START + (1 - _START) * rise)
    return config.learning_rate * (0.5 + 0.5 * math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


class _Training:
    """A network that learns, with all that changes it.

    Attributes:
        average: of the weights and of the statistics of batch normalisation, which belong to them.
        kept: the network that is validated.
    """

    def __init__(self, network: nn.Module, task: Task, config: TrainingConfig) -> None:
        self.network, self.task, self.config = network, task, config
        self.batches = BatchLoader(task, config.workers, device_of(network))
        self.penalty = L2SP(network, config.l2_sp) if config.l2_sp else None
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.average: AveragedModel | None = None
        if config.ema:
            self.average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
        self.kept: nn.Module = network if self.average is None else self.average.module
        shared = number_of_processes() > 1
        self._learner = Sharded(network, learns=True) if shared else network
        self._validated = Sharded(self.kept, learns=False) if shared else self.kept

    def train(self, epoch: int) -> float:
        """One epoch; returns the mean loss of its images."""
        self._learner.train()
        total = 0.0
        for step, (images, batch) in enumerate(self.batches.of_epoch(epoch)):
            done = (epoch - 1 + step / self.task.steps) / self.config.epochs
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.config, done)
            total += self._step(batch) * images
        return total / len(self.task.images)

    def _step(self, batch: Batch) -> float:
        self.optimizer.zero_grad()
        with torch.autocast(batch[0].device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            loss = self.task.loss(self._learner, batch)
        (loss if self.penalty is None else loss + self.penalty(self.network)).backward()
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return float(loss.detach())

    @torch.inference_mode()
    def validation_error(self) -> float:
        """Of the validation images, the same in all processes."""
        error = self.task.validation_error(self._validated.eval())
        return on_first(lambda: error)
