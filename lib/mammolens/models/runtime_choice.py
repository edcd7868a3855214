"""Choose what runs a model's network: by name, or the fastest that gives the same results as torch."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import torch
from torch.nn import functional

from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError, MammoLensError, ModelError
from mammolens.models.directory import TrainedModel
from mammolens.models.exported import ExportFormat, exported_networks
from mammolens.models.installed_runtimes import INSTALL, is_installed, require_installed
from mammolens.models.onnx_network import onnx_of
from mammolens.models.onnx_runtimes import OnnxRuntime, OpenVinoRuntime
from mammolens.models.runtime import Runtime, TorchRuntime
from mammolens.models.tiles import whole_tiles

LOG_ODDS_TOLERANCE: Final = 1e-3
"""Largest accepted difference of log odds from torch's; a score adds those of greys, times ``scoring.residual``."""
RECONSTRUCTION_TOLERANCE: Final = 1e-4
"""Largest accepted difference of a reconstruction from torch's, in normalised greys."""

_USE_TORCH: Final = "use runtime torch"
_ROUNDS = 5  # timed runs of each runtime
_OTHERS: Final = (RuntimeName.ONNXRUNTIME, RuntimeName.OPENVINO)
_log = logging.getLogger(__name__)
_Inputs = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Difference:
    """Largest absolute differences of a runtime's outputs from torch's; NaN where an output is NaN or missing.

    Attributes:
        log_odds: 0 for a network without log odds.
        reconstruction: in normalised greys.
    """

    log_odds: float
    reconstruction: float

    @property
    def is_accepted(self) -> bool:
        """Whether both are within the tolerance."""
        return self.log_odds <= LOG_ODDS_TOLERANCE and self.reconstruction <= RECONSTRUCTION_TOLERANCE

    def __str__(self) -> str:
        """In words."""
        return f"log odds differ by up to {self.log_odds:.2g}, reconstructions by up to {self.reconstruction:.2g}"


def choose_runtime(model: TrainedModel, name: RuntimeName = RuntimeName.TORCH) -> Runtime:
    """What runs a model's network.

    Any runtime but torch is first compared with it on drawn images of two sizes. ``auto`` also times all that are
    installed and agree, and takes the fastest.

    Args:
        model: its exported network is used, if there is one; otherwise the network is converted.
        name: of the runtime, or ``auto``.

    Raises:
        ConfigError: a package that the runtime needs is missing.
        ModelError: the network cannot be converted, or the results differ from torch's.
    """
    require_installed(name)
    reference = TorchRuntime(model.network)
    if name is RuntimeName.TORCH:
        return reference
    if name is not RuntimeName.AUTO:
        return checked_runtime(model, name)[0]
    agreeing: list[Runtime] = [reference]
    for candidate in filter(is_installed, _OTHERS):
        try:
            agreeing.append(checked_runtime(model, candidate)[0])
        except MammoLensError as error:
            _log.warning("%s is not used: %s", candidate, error)
    if len(agreeing) == 1:
        return reference
    seconds = seconds_of(agreeing, probe_images(model.config.preprocessing.size)[0])
    _log.info("seconds for an image: %s", ", ".join(f"{one} {taken:.3f}" for one, taken in seconds.items()))
    return min(agreeing, key=lambda runtime: seconds[runtime.name])


def seconds_of(runtimes: Sequence[Runtime], probe: _Inputs) -> Mapping[RuntimeName, float]:
    """Median seconds of each runtime for one image, in interleaved runs; the first run of each is not counted."""
    taken: dict[RuntimeName, list[float]] = {runtime.name: [] for runtime in runtimes}
    for _ in range(1 + _ROUNDS):
        for runtime in runtimes:
            start = time.perf_counter()
            runtime.run(*probe)
            taken[runtime.name].append(time.perf_counter() - start)
    return {name: median(seconds[1:]) for name, seconds in taken.items()}


def difference(runtime: Runtime, reference: Runtime, probes: Sequence[_Inputs]) -> Difference:
    """How much a runtime's outputs differ from the reference's.

    Args:
        runtime: to compare.
        reference: to compare with.
        probes: images and masks, as :func:`probe_images` gives.
    """
    pairs = [(runtime.run(*probe), reference.run(*probe)) for probe in probes]
    log_odds = [_largest_difference(found.log_odds, wanted.log_odds) for found, wanted in pairs]
    greys = [_largest_difference(found.reconstruction, wanted.reconstruction) for found, wanted in pairs]
    return Difference(float(np.max(log_odds)), float(np.max(greys)))  # NaN if any is NaN


def probe_images(size: int) -> list[_Inputs]:
    """Drawn images with their breast masks, ``(1, 1, rows, cols)`` each: a large breast, then a small one.

    Args:
        size: rows and columns of the working grid.
    """
    shapes = [(size, size * 5 // 8), (size // 2, size // 4)]  # of the grid's part that holds the breast
    fitting = [tuple(min(whole_tiles(length), size) for length in shape) for shape in shapes]
    return [_drawn(rows, columns, seed) for seed, (rows, columns) in enumerate(fitting)]


def checked_runtime(model: TrainedModel, name: RuntimeName) -> tuple[Runtime, Difference]:
    """A runtime other than torch for a model's network, and how much its results differ from torch's.

    Args:
        model: its exported network is used, if there is one; otherwise the network is converted.
        name: of the runtime.

    Raises:
        ConfigError: a package that the runtime needs is missing.
        ModelError: the network cannot be converted, or the results differ too much.
    """
    require_installed(name)
    probes = probe_images(model.config.preprocessing.size)
    source = _source(model)
    network = _network_for(model, name)
    try:
        runtime = OpenVinoRuntime(network) if name is RuntimeName.OPENVINO else OnnxRuntime(network)
        found = difference(runtime, TorchRuntime(model.network), probes)
    except Exception as error:  # each runtime has errors of its own
        reason = f"its network does not run in {name} ({_first_line(error)})"
        raise ModelError(source, reason, _USE_TORCH) from error
    if not found.is_accepted:
        raise ModelError(source, f"its network gives different results in {name} than in torch: {found}", _USE_TORCH)
    return runtime, found


def converted(model: TrainedModel, properties: Mapping[str, str] | None = None) -> bytes:
    """A model's network as ONNX.

    Args:
        model: as it was trained.
        properties: stored in the result's metadata.

    Raises:
        ConfigError: the package onnx is missing.
        ModelError: the network cannot be converted.
    """
    try:
        return onnx_of(model.network, properties)
    except ModuleNotFoundError as error:
        raise ConfigError("runtime", f"the package {error.name} is not installed", INSTALL) from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise ModelError(
            _source(model), f"its network cannot be converted ({_first_line(error)})", _USE_TORCH
        ) from error


def _network_for(model: TrainedModel, name: RuntimeName) -> Path | bytes:
    exported = exported_networks(model.directory) if model.directory else {}
    if name is RuntimeName.OPENVINO and ExportFormat.OPENVINO in exported:
        return exported[ExportFormat.OPENVINO]
    return exported.get(ExportFormat.ONNX) or converted(model)


def _source(model: TrainedModel) -> Path | str:
    return model.directory or model.model_id


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _largest_difference(found: torch.Tensor | None, wanted: torch.Tensor | None) -> float:
    """NaN where one of the two is missing or of another shape."""
    if found is None and wanted is None:
        return 0.0
    if found is None or wanted is None or found.shape != wanted.shape:
        return math.nan
    return float((found - wanted).abs().max())


def _drawn(rows: int, columns: int, seed: int) -> _Inputs:
    """Half an ellipse at the left edge with clouds, noise and a few bright spots."""
    draw = torch.Generator().manual_seed(seed)
    down, across = torch.meshgrid(torch.linspace(-1, 1, rows), torch.linspace(0, 1, columns), indexing="ij")
    mask = ((down / 0.9).square() + (across / 0.85).square() < 1).float()[None, None]
    clouds = torch.rand(1, 1, max(2, rows // 16), max(2, columns // 16), generator=draw)
    image = 0.2 + 0.5 * functional.interpolate(clouds, size=(rows, columns), mode="bilinear", align_corners=False)
    image += 0.05 * torch.randn(1, 1, rows, columns, generator=draw)
    for row, column in ((rows // 3, columns // 4), (rows // 2, columns // 2), (2 * rows // 3, columns // 5)):
        image[..., row : row + 4, column : column + 4] += 0.5
    return image.clamp(0.0, 1.0) * mask, mask
