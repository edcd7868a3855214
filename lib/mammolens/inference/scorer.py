"""Map and score of one image from a network's output, on the working grid; used in training and inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from mammolens.config import ScoringConfig
from mammolens.inference.plugin_scorer import plugin_scorer, score_members
from mammolens.models.convergence import convergence
from mammolens.models.devices import REFERENCE, Device, PlacedNetwork
from mammolens.models.output import NetworkOutput
from mammolens.models.runtime import Runtime, TorchRuntime
from mammolens.models.tiles import MARGIN, whole_tiles
from mammolens.transforms.pipeline import Prepared
from mammolens.types import BoolImage, FloatImage

_SMALLEST_ERROR = 1e-8  # of a flawless reconstruction
_NO_EVIDENCE = -30.0  # log odds where nothing was looked at; further ones say no more
_USUAL_CONVERGENCE = 0.6  # of a normal image's peak: above it is evidence for a mass, below against


@dataclass(frozen=True, slots=True, eq=False)
class ScoredGrid:
    """What the network makes of one prepared image; tensors are ``(1, size, size)`` float32.

    Attributes:
        pred_score: grows with deviation from normal; see :class:`Scorer`.
        anomaly_map: smoothed, inside the eroded breast; 0 elsewhere.
        reconstruction: the normal image as the network reconstructs it, in normalised greys; of an ensemble, the mean.
        is_probability: whether the map is one; else it is an error in multiples of the breast's mean.
        memory_exhausted: whether it was computed on the processor because the device's memory was exhausted.
    """

    pred_score: float
    anomaly_map: torch.Tensor
    reconstruction: torch.Tensor
    is_probability: bool = True
    memory_exhausted: bool = False

    @property
    def map_peak(self) -> float:
        """The highest value of the map."""
        return float(self.anomaly_map.max())


class _Seen(NamedTuple):
    """What the device computes of an image.

    Attributes:
        reconstruction: ``(1, rows, cols)``, the mean of the members.
        evidence: ``(members, rows, cols)`` at each pixel; ``None`` of a network that only reconstructs.
        rises: ``(rows, cols)``, the convergence of the gradients, where it counts.
        members: for a scorer of another package: each member's reconstruction and log odds, ``(members, rows, cols)``.
    """

    reconstruction: torch.Tensor
    evidence: FloatImage | None = None
    rises: FloatImage | None = None
    members: tuple[FloatImage, FloatImage | None] | None = None


class Scorer:
    """Run a network over prepared images, one at a time, without gradients.

    If the network gives log odds, two kinds of evidence are added to them: the residual, which is the
    change of grey between image and reconstruction, and the convergence of the gradients. The smoothed
    sum is the evidence; the map is its probability and the score its peak, because one lesion is enough,
    however large the healthy rest is. Of an ensemble, the map shows the mean evidence, and the score is
    the mean of the members' peaks, so that a single member's score can be compared with it. If the network only
    reconstructs, the map is the squared error in multiples of the breast's mean (so that the map of a
    sharper or noisier machine is not all heat), and the score is the mean squared error in the breast. A scorer of
    another package, if the configuration names one, takes the place of all this.

    Args:
        network: run by torch; or what runs a network.
        config: how its output becomes a map and a score.
        device: that torch runs the network on; other runtimes run it on the processor.

    Raises:
        ConfigError: the configuration names a scorer that no package adds.
    """

    def __init__(self, network: nn.Module | Runtime, config: ScoringConfig, device: Device = REFERENCE) -> None:
        self.runtime = TorchRuntime(network) if isinstance(network, nn.Module) else network
        torch_network = self.runtime.network if isinstance(self.runtime, TorchRuntime) else None
        self._placed = PlacedNetwork(torch_network, device) if torch_network is not None else None
        self.config = config
        self._plugin = plugin_scorer(config)

    def score(self, prepared: Prepared) -> ScoredGrid:
        """Run the network on the part of the grid that holds the breast; map and score it."""
        whole, mask = prepared.image.as_tensor(), prepared.mask.as_tensor()
        rows, columns = occupied(mask)
        image, mask = whole[:, :rows, :columns], mask[:, :rows, :columns]
        if self._placed is None:
            seen, exhausted = self._seen(self.runtime.run, REFERENCE, image, mask), False
        else:
            seen, exhausted = self._placed.run(lambda network, device: self._seen(network, device, image, mask))
        inside = mask > 0.5
        if seen.members is not None:
            pred_score, anomaly_map = self._of_plugin(image, seen.members, inside)
        elif seen.evidence is None:
            pred_score, anomaly_map = self._of_error(image, seen.reconstruction, inside)
        else:
            pred_score, anomaly_map = self._of_evidence(seen.evidence, seen.rises, inside)
        return ScoredGrid(
            pred_score,
            _padded(anomaly_map, whole),
            _padded(seen.reconstruction, whole),
            is_probability=seen.evidence is not None,
            memory_exhausted=exhausted,
        )

    def _seen(
        self,
        network: Callable[[torch.Tensor, torch.Tensor], NetworkOutput],
        device: Device,
        image: torch.Tensor,
        mask: torch.Tensor,
    ) -> _Seen:
        placed, breast = image.to(device.place)[None], mask.to(device.place)[None]
        output = network(placed, breast)
        restored = output.reconstruction.float()
        reconstruction = restored.mean(dim=1).cpu()
        if self._plugin is not None:
            log_odds = None if output.log_odds is None else output.log_odds.float()[0].cpu().numpy()
            return _Seen(reconstruction, members=(restored[0].cpu().numpy(), log_odds))
        if output.log_odds is None:
            return _Seen(reconstruction)
        residual = (placed - restored).abs()
        evidence = (self.config.log_odds * output.log_odds.float() + self.config.residual * residual)[0]
        rises = None
        if self.config.convergence:
            rises = convergence(placed, breast, self.config.convergence_radii, stride=1)[0].mean(dim=0).cpu().numpy()
        return _Seen(reconstruction, evidence.cpu().numpy(), rises)

    def _of_plugin(
        self, image: torch.Tensor, members: tuple[FloatImage, FloatImage | None], inside: torch.Tensor
    ) -> tuple[float, torch.Tensor]:
        assert self._plugin is not None
        breast = inside[0].numpy()
        score, values = score_members(self._plugin, image[0].numpy(), breast, *members)
        counted = without_border(breast, self.config.erosion)
        return score, torch.from_numpy(np.maximum(values, 0) * counted)[None]

    def _of_error(
        self, image: torch.Tensor, reconstruction: torch.Tensor, inside: torch.Tensor
    ) -> tuple[float, torch.Tensor]:
        error = (image - reconstruction).square() * inside
        mean = float(error.sum() / inside.sum().clamp(min=1))
        smooth = ndimage.gaussian_filter((error[0] / max(mean, _SMALLEST_ERROR)).numpy(), self.config.smoothing)
        return mean, torch.from_numpy(smooth * without_border(inside[0].numpy(), self.config.erosion))[None]

    def _of_evidence(
        self, pixel_evidence: FloatImage, rises: FloatImage | None, inside: torch.Tensor
    ) -> tuple[float, torch.Tensor]:
        evidence = np.stack([_smooth_inside(own, inside[0].numpy(), self.config.smoothing) for own in pixel_evidence])
        if rises is not None:
            evidence += self.config.convergence * (rises - _USUAL_CONVERGENCE)
        counted = without_border(inside[0].numpy(), self.config.erosion)
        peak = float(evidence[:, counted].max(axis=1).mean()) if counted.any() else _NO_EVIDENCE
        probability = 1 / (1 + np.exp(-np.clip(evidence.mean(axis=0), _NO_EVIDENCE, -_NO_EVIDENCE)))
        return peak, torch.from_numpy((probability * counted).astype(np.float32))[None]


def without_border(breast: BoolImage, erosion: int) -> BoolImage:
    """The part of a breast that counts: from the image's edge too, where films have bright frames.

    Args:
        breast: ``(rows, cols)``.
        erosion: pixels taken off.
    """
    return ndimage.binary_erosion(breast, iterations=erosion) if erosion else breast


def _smooth_inside(values: FloatImage, inside: BoolImage, sigma: float) -> FloatImage:
    """Gaussian means over the breast's pixels alone."""
    weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(inside, values, 0), sigma)
    return np.asarray(total / np.maximum(weight, 1e-3), dtype=np.float32)


def occupied(mask: torch.Tensor) -> tuple[int, int]:
    """Rows and columns, from the top left, that hold all of the breast: grids by pixel size are mostly padding.

    Args:
        mask: ``(1, size, size)``, the share of each pixel inside the breast.
    """
    rows, columns = (torch.nonzero(mask[0].amax(dim=axis)).flatten() for axis in (1, 0))
    return _rounded(rows, mask.shape[-2]), _rounded(columns, mask.shape[-1])


def _rounded(occupied: torch.Tensor, size: int) -> int:
    return min(whole_tiles(int(occupied[-1]) + MARGIN + 1), size) if len(occupied) else size


def _padded(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A copy on the whole grid, 0 beyond."""
    beyond = (0, like.shape[-1] - values.shape[-1], 0, like.shape[-2] - values.shape[-2])
    return torch.nn.functional.pad(values, beyond).clone()
