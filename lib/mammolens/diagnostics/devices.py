"""Processor, memory, and graphics cards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from mammolens.diagnostics.results import Check, failed, passed, warned
from mammolens.errors import ConfigError

GROUP: Final = "devices"
_LEAST_MEMORY_GIB: Final = 2.0  # a mammogram of 25 million pixels, its maps, and the libraries


def check_devices() -> Iterator[Check]:
    """Cores and threads, memory, a calculation with torch, and the CUDA devices that torch sees."""
    yield _memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    import torch

    usable = len(os.sched_getaffinity(0))
    result = float((torch.arange(6.0).reshape(2, 3) @ torch.ones(3, 2)).sum())
    if result == 30.0:
        yield passed(
            GROUP, "processor", f"{usable} cores; torch {torch.__version__} uses {torch.get_num_threads()} threads"
        )
    else:
        yield failed(GROUP, "processor", f"torch calculates {result:g} instead of 30", "install torch again")
    if not torch.cuda.is_available():
        yield passed(GROUP, "CUDA", "no device is found")
    if torch.backends.mps.is_available():
        yield passed(GROUP, "MPS", "Apple's graphics can be used")
    yield _automatic()
    for number in range(torch.cuda.device_count()):
        yield _cuda(number)


def _automatic() -> Check:
    from mammolens.models.device_names import DEVICE_VARIABLE
    from mammolens.models.devices import choose_device

    name = "--device auto"
    try:
        chosen = choose_device()
    except ConfigError as error:
        return failed(GROUP, name, f"{DEVICE_VARIABLE}: {error.source} {error.reason}", f"change {DEVICE_VARIABLE}")
    why = f", as {DEVICE_VARIABLE} says" if os.environ.get(DEVICE_VARIABLE) else ""
    return passed(GROUP, name, f"networks run on {chosen}{why}")


def _memory(gib: float) -> Check:
    if gib < _LEAST_MEMORY_GIB:
        remedy = f"use a computer with at least {_LEAST_MEMORY_GIB:g} GiB"
        return warned(GROUP, "memory", f"{gib:.1f} GiB", remedy)
    return passed(GROUP, "memory", f"{gib:.1f} GiB")


def _cuda(number: int) -> Check:
    import torch

    properties = torch.cuda.get_device_properties(number)
    name, found = f"CUDA {number}", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    try:
        result = float(torch.ones(8, device=f"cuda:{number}").sum())
    except RuntimeError as error:
        return warned(GROUP, name, f"{found}: cannot be used ({str(error).splitlines()[0]})", "check its driver")
    if result != 8.0:
        return warned(GROUP, name, f"{found}: calculates {result:g} instead of 8", "check its driver")
    return passed(GROUP, name, f"{found}; calculates")
