"""A network whose batches several processes share, with the results of one process that has the whole batch."""

from __future__ import annotations

import copy

import torch
from torch import distributed, nn
from torch.autograd.function import FunctionCtx
from torch.nn.parallel import DistributedDataParallel

from mammolens.errors import ConfigError
from mammolens.models.output import NetworkOutput
from mammolens.training.distributed import number_of_processes, own_number


class Sharded(nn.Module):
    """Runs a network on this process's part of a batch, and gives the outputs of the whole batch.

    Every process gets the same batch and computes the loss of all of it, so any loss will do, such as one that is
    normalised by sums over the batch. Only the outputs of its own part have a gradient; the gradients of parameters
    are added up over the processes.

    Args:
        network: on its device, the same in each process.
        learns: whether gradients are wanted.

    Raises:
        ConfigError: some processes have a GPU and others have none.
    """

    def __init__(self, network: nn.Module, *, learns: bool) -> None:
        super().__init__()
        if learns:
            _refuse_mixed_devices(network)
        self.network = DistributedDataParallel(network) if learns else network

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | NetworkOutput:
        """Of tensors whose first dimension is the batch."""
        images, processes = len(inputs[0]), number_of_processes()
        if images < processes:  # too few for all: each computes all of them, and the mean of equal gradients is right
            output: torch.Tensor | NetworkOutput = self.network(*inputs)
            return output
        first, last = (images * number // processes for number in (own_number(), own_number() + 1))
        own = self.network(*(values[first:last] for values in inputs))
        if isinstance(own, NetworkOutput):
            log_odds = None if own.log_odds is None else _whole(own.log_odds, first, images)
            return NetworkOutput(_whole(own.reconstruction, first, images), log_odds)
        return _whole(own, first, images)


def _refuse_mixed_devices(network: nn.Module) -> None:
    kinds = [""] * number_of_processes()
    distributed.all_gather_object(kinds, next(network.parameters()).device.type)
    if len(set(kinds)) > 1:
        reason = f"is not the same in all processes: {', '.join(kinds)}"
        raise ConfigError("the device", reason, "start as many processes as there are GPUs, or train on the CPU")


def _whole(own: torch.Tensor, first: int, images: int) -> torch.Tensor:
    """The outputs of all images, of which this process has some, from ``first`` on."""
    whole = own.new_zeros(images, *own.shape[1:])
    last = first + len(own)
    whole[first:last] = own.detach()
    distributed.all_reduce(whole)
    if own.requires_grad:
        own.register_hook(lambda gradient: gradient * number_of_processes())  # DistributedDataParallel takes the mean
    return torch.cat([whole[:first], own, whole[last:]])


def with_shared_statistics(network: nn.Module) -> nn.Module:
    """A copy whose batch normalisation uses the statistics of the whole batch; parameters have the same names."""
    network = copy.deepcopy(network)
    for layer in network.modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = SharedBatchNorm  # which has the same parameters and buffers
    return network


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the parts of all processes; torch's SyncBatchNorm does this on GPUs only."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Of ``(batch, channels, rows, cols)``."""
        if not self.training:
            return super().forward(values)
        given, over = values.float(), (0, 2, 3)
        count = torch.tensor([given.numel() // given.shape[1]], dtype=torch.float64, device=given.device)
        sums = given.sum(over, dtype=torch.float64), given.square().sum(over, dtype=torch.float64)
        summed = _Sum.apply(torch.cat([*sums, count]))  # type: ignore[no-untyped-call] # torch
        total, squares, pixels = summed.split([len(sums[0]), len(sums[1]), 1])
        mean = total / pixels
        variance = (squares / pixels - mean.square()).clamp_min(0)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        for kept, found in ((self.running_mean, mean), (self.running_var, variance * pixels / (pixels - 1))):
            if kept is not None:
                kept.lerp_(found.detach().float(), self.momentum or 0.0)
        scale = self.weight * (variance + self.eps).rsqrt().float()
        shift = self.bias - mean.float() * scale
        normalised: torch.Tensor = given * scale[:, None, None] + shift[:, None, None]
        return normalised.to(values.dtype)


class _Sum(torch.autograd.Function):
    """Over the processes, and of the gradients as well."""

    @staticmethod
    def forward(ctx: FunctionCtx, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.clone()
        distributed.all_reduce(gradient)
        return gradient
