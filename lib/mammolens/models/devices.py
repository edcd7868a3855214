"""The device that networks run on: chosen by name, its precision, and what happens when its memory is exhausted."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, TypeVar

import torch
from torch import nn

from mammolens.errors import ConfigError
from mammolens.models.device_names import AUTO, DEVICE_VARIABLE, Precision

_NAMES: Final = "auto, cpu, cuda, cuda:1 or mps"
_CPU: Final = torch.device("cpu")
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Device:
    """A place to run networks.

    Attributes:
        place: for torch.
        precision: of the networks.
    """

    place: torch.device = _CPU
    precision: Precision = Precision.FLOAT32

    @property
    def is_cpu(self) -> bool:
        """Whether it is the processor, whose memory is this process's own."""
        return self.place.type == "cpu"

    def __str__(self) -> str:
        """Such as 'cuda:0, bfloat16'."""
        return str(self.place) if self.precision is Precision.FLOAT32 else f"{self.place}, {self.precision}"

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Run the network within: in this precision; float32 on CUDA is not shortened to TF32."""
        with ExitStack() as stack:
            if self.place.type == "cuda":
                stack.enter_context(torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False))
            if self.precision is Precision.BFLOAT16:
                stack.enter_context(torch.autocast(self.place.type, torch.bfloat16))
            yield


REFERENCE: Final = Device()
"""The processor in float32: the reference for results of other devices."""


@contextmanager
def in_float32(like: torch.Tensor) -> Iterator[None]:
    """Calculate in float32 within, also where the network runs in bfloat16: differences of nearly equal sums need it.

    Args:
        like: any tensor on the device.
    """
    kind = like.device.type
    shortened = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    with torch.autocast(kind, enabled=False) if shortened else nullcontext():
        yield


def choose_device(name: str | Device = AUTO, precision: str = Precision.FLOAT32) -> Device:
    """The device of a name, if it can be used.

    Args:
        name: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. ``auto`` is the device that the environment variable
            ``MAMMOLENS_DEVICE`` names, else the first CUDA device, else Apple's (MPS), else the processor. A
            :class:`Device` is given back as it is.
        precision: ``float32``, or ``bfloat16`` for convolutions in half the bits.

    Raises:
        ConfigError: there is no such device or precision.

    Example:
        >>> str(choose_device("cpu")), str(choose_device("cpu", "bfloat16"))
        ('cpu', 'cpu, bfloat16')
    """
    if isinstance(name, Device):
        return name
    try:
        wanted = Precision(precision)
    except ValueError as error:
        raise ConfigError("precision", f"{precision!r} is not known", f"use {' or '.join(Precision)}") from error
    return Device(_place(name.strip().lower()), wanted)


def _place(name: str) -> torch.device:
    if name == AUTO:
        given = os.environ.get(DEVICE_VARIABLE, "").strip().lower()
        return _best() if given in ("", AUTO) else _place(given)
    try:
        place = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device {name!r}", "is not known", f"use {_NAMES}") from error
    if name == "cpu":
        return place
    if place.type not in ("cuda", "mps"):
        raise ConfigError(f"device {name!r}", "is not supported", f"use {_NAMES}")
    if place.type == "cuda":
        place = torch.device("cuda", place.index or 0)  # one name, so that equal devices are equal
    if reason := unusable(place):
        raise ConfigError(f"device {name!r}", reason, "use --device cpu or auto, or see 'mammolens doctor'")
    return place


def _best() -> torch.device:
    candidates = (torch.device("cuda", 0), torch.device("mps"))
    return next((place for place in candidates if unusable(place) is None), _CPU)


def unusable(place: torch.device) -> str | None:
    """Why a device cannot be used, in a clause; ``None`` if it can."""
    if place.type == "cuda":
        if not torch.cuda.is_available():
            return "cannot be used: torch finds no CUDA device, or is a build without CUDA"
        if place.index >= (count := torch.cuda.device_count()):
            return f"does not exist: torch finds {count} CUDA device{'s' if count > 1 else ''}, counted from 0"
    if place.type == "mps" and not torch.backends.mps.is_available():
        return "cannot be used: it is only part of Macs with Apple silicon, and of builds of torch for them"
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device's memory was exhausted; on MPS, torch says so in words alone."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "out of memory" in str(error)
    )


class PlacedNetwork:
    """A network in evaluation mode on a device, which runs on the processor what the device has no memory for.

    Safe to share between threads.

    Args:
        network: on the processor; it stays there unchanged.
        device: to run on.
    """

    def __init__(self, network: nn.Module, device: Device) -> None:
        self.device = device
        self._at_rest = network
        self._placed = network if device.is_cpu else copy.deepcopy(network).to(device.place)

    def run(
        self, compute: Callable[[nn.Module, Device], T], smaller: Callable[[nn.Module, Device], T] | None = None
    ) -> tuple[T, bool]:
        """Call ``compute`` with the network and its device, without gradients.

        If the device's memory is exhausted, what torch holds there without using it is released; then ``smaller`` is
        tried, or ``compute`` again, and in the end ``compute`` on the processor in float32.

        Args:
            compute: moves its inputs to the device, and its results back.
            smaller: computes the same in parts.

        Returns:
            The result, and whether it was computed on the processor in place of the device.
        """
        if self.device.is_cpu:
            return self._on(self.device, compute), False
        for attempt in (compute, smaller or compute):
            try:
                return self._on(self.device, attempt), False
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).splitlines()[0]
            _log.warning("%s: memory is exhausted (%s)", self.device, reason)
            release_memory(self.device)
        _log.warning("%s: computing this image on the processor instead", self.device)
        return self._on(REFERENCE, compute), True

    def _on(self, device: Device, compute: Callable[[nn.Module, Device], T]) -> T:
        network = self._placed if device is self.device else self._at_rest
        with torch.inference_mode(), device.computing():
            return compute(network, device)


@contextmanager
def placed_for_training(network: nn.Module, device: Device) -> Iterator[None]:
    """Have the network on a device within, and back on the processor afterwards.

    Raises:
        ConfigError: the device's memory was exhausted meanwhile. Smaller batches would be another training, so none are
            taken in secret.
    """
    network.to(device.place)
    try:
        yield
    except RuntimeError as error:
        if device.is_cpu or not is_out_of_memory(error):
            raise
        reason = f"has too little memory ({str(error).splitlines()[0]})"
        remedy = "choose a smaller training.batch_size, or go on with --resume --device cpu"
        raise ConfigError(f"device {device}", reason, remedy) from error
    finally:
        network.to(REFERENCE.place)


def release_memory(device: Device) -> None:
    """Give back what torch holds of a device's memory without using it."""
    if device.place.type == "cuda":
        torch.cuda.empty_cache()
    elif device.place.type == "mps":
        torch.mps.empty_cache()
