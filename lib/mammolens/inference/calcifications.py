"""The calcification branch at work: log odds of a cluster on the working grid, from the image's own pixels."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn
from torch.nn import functional

from mammolens.models.calcification_network import CELL
from mammolens.models.calcifications import CalcificationBranch
from mammolens.models.devices import REFERENCE, Device, PlacedNetwork
from mammolens.transforms.fine_pixels import at_pixel_size
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import BoolImage, FloatImage, Mammogram, PixelSpacing

_NOTHING: Final = -30.0  # log odds of an image in which no place counts
_SMALLEST = 8 * CELL  # rows and columns of what the network takes
_MARGIN_MM = 10.0  # of the surroundings around the breast, which the network's input is relative to
_BANDS: Final = 8  # parts of an image, if the device has no memory for the whole
_SEEN: Final = 16 * CELL  # rows around a cell that count for it, rounded up
CORNERS: Final = np.array([[0.0, 0.0], [1.0, 1.0]])  # of the working grid: rows and columns 0 and 1


class ClusterEvidence(NamedTuple):
    """Evidence for clusters of calcifications.

    Attributes:
        log_odds: ``(size, size)`` float32 on the working grid, minus infinity where nothing was looked at: outside of
            the breast and near its border.
        memory_exhausted: whether it was computed on the processor because the device's memory was exhausted.
    """

    log_odds: FloatImage
    memory_exhausted: bool = False


class CalcificationDetector:
    """Runs a calcification branch on mammograms, one at a time; safe to share between threads.

    Args:
        branch: of a model.
        device: to run on.
    """

    def __init__(self, branch: CalcificationBranch, device: Device = REFERENCE) -> None:
        self._network = PlacedNetwork(branch.network.eval(), device)
        self._config = branch.config.calcifications

    def evidence(self, mammogram: Mammogram, prepared: Prepared, pipeline: Pipeline) -> ClusterEvidence | None:
        """Log odds of a cluster, each the mean over 3 x 3 of the network's cells of about a millimetre.

        Args:
            mammogram: with pixels as fine as the detector's.
            prepared: the same image on the working grid, whose breast mask counts.
            pipeline: that prepared it.

        Returns:
            ``None`` where the pixels are too coarse or their size is not known.
        """
        spacing = mammogram.header.spacing
        if spacing is None or not spacing.shows_calcifications:
            return None
        corners = pipeline.restore_points(CORNERS, prepared)
        step, start = corners[1] - corners[0], corners[0]  # the grid's pixels in the image's, negative where mirrored
        counted = _counted(prepared.mask.as_tensor()[0].numpy() > 0.5, step, spacing, self._config.border_mm)
        found = np.full(counted.shape, -np.inf, dtype=np.float32)
        if not counted.any():
            return ClusterEvidence(found)
        rows, columns = (
            _reach(np.flatnonzero(counted.any(axis=1 - axis)) * step[axis] + start[axis], length, size)
            for axis, length, size in zip(
                (0, 1), mammogram.pixels.shape, (spacing.between_rows, spacing.between_columns), strict=True
            )
        )
        cells, ratio, exhausted = self._log_odds(mammogram.pixels[rows, columns], spacing)
        places = [
            ((np.arange(length) * step[axis] + start[axis] + 0.5 - box.start) * ratio[axis]).astype(np.int64)
            for axis, length, box in zip((0, 1), counted.shape, (rows, columns), strict=True)
        ]
        return ClusterEvidence(np.where(counted, _onto(cells, places), found), exhausted)

    def highest(self, mammogram: Mammogram, prepared: Prepared, pipeline: Pipeline) -> float | None:
        """The highest of the :meth:`evidence`; ``None`` where the pixels are too coarse or their size is not known."""
        evidence = self.evidence(mammogram, prepared, pipeline)
        return None if evidence is None else highest(evidence.log_odds)

    def _log_odds(self, pixels: FloatImage, spacing: PixelSpacing) -> tuple[FloatImage, NDArray[np.float64], bool]:
        """Log odds of each cell, how many cells there are for a pixel, and whether the memory was exhausted."""
        greys = at_pixel_size(pixels, spacing, self._config.pixel_size_mm)
        beyond = [max(_SMALLEST, CELL * -(-length // CELL)) - length for length in greys.shape[-2:]]
        whole = functional.pad(greys, (0, beyond[1], 0, beyond[0]), mode="replicate")
        log_odds, exhausted = self._network.run(
            lambda network, device: network(whole.to(device.place)).float().cpu(),
            lambda network, device: _in_bands(network, device, whole),
        )
        mean = functional.avg_pool2d(functional.pad(log_odds, (1, 1, 1, 1), mode="replicate"), 3, 1)
        return mean[0, 0].numpy(), np.divide(greys.shape[-2:], pixels.shape) / CELL, exhausted


def _in_bands(network: nn.Module, device: Device, greys: torch.Tensor) -> torch.Tensor:
    """The same in parts, each with the rows around it that count, so that the result is equal but for rounding."""
    rows = greys.shape[-2]
    height = CELL * -(-rows // (CELL * _BANDS))
    parts = []
    for top in range(0, rows, height):
        first, last = max(0, top - _SEEN), min(rows, top + height + _SEEN)
        cells = network(greys[..., first:last, :].to(device.place)).float().cpu()
        start = (top - first) // CELL
        parts.append(cells[..., start : start + height // CELL, :])
    return torch.cat(parts, dim=-2)[..., : rows // CELL, :]


def is_cluster(
    location: tuple[int, int], heat: FloatImage, anomaly_map: FloatImage, corners: NDArray[np.float64]
) -> bool:
    """Whether the branch is what makes a location of the original image as hot as it is.

    Args:
        location: column and row.
        heat: ``(size, size)`` that the branch adds to the map.
        anomaly_map: the whole map, at least the heat.
        corners: ``(2, 2)``, where rows and columns 0 and 1 of the working grid lie on the original one.
    """
    place = (np.array(location[::-1]) - corners[0]) / (corners[1] - corners[0])
    row, column = np.clip(np.rint(place), 0, np.array(heat.shape) - 1).astype(int)
    around = np.s_[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    return 0 < float(heat[around].max()) >= float(anomaly_map[around].max())


def highest(evidence: FloatImage) -> float:
    """The highest log odds; those of no cluster at all where nothing was looked at."""
    return max(float(evidence.max()), _NOTHING)


def _counted(breast: BoolImage, step: NDArray[np.float64], spacing: PixelSpacing, border_mm: float) -> BoolImage:
    """The breast without a border, also along the edges of the image and of the grid."""
    size = abs(step[0]) * spacing.between_rows, abs(step[1]) * spacing.between_columns
    distance = ndimage.distance_transform_edt(np.pad(breast, 1), sampling=size)
    return np.asarray(distance[1:-1, 1:-1] > border_mm)


def _reach(places: NDArray[np.float64], length: int, size_mm: float) -> slice:
    """From the first to the last place and a margin, within the image."""
    margin = _MARGIN_MM / size_mm
    return slice(max(0, int(places.min() - margin)), min(length, int(np.ceil(places.max() + margin)) + 1))


def _onto(cells: FloatImage, places: list[NDArray[np.int64]]) -> FloatImage:
    """Bring cells to the working grid: each of its pixels has the highest of the cells that it covers.

    Args:
        cells: ``(rows, cols)``.
        places: row and column of the cell at the middle of each row and column of the grid.
    """
    rows, columns = places
    spans = [_spans(middles, length) for middles, length in zip((rows, columns), cells.shape, strict=True)]
    within = ndimage.maximum_filter(cells, size=spans)
    clipped = [np.clip(middles, 0, length - 1) for middles, length in zip((rows, columns), cells.shape, strict=True)]
    return np.asarray(within[np.ix_(*clipped)], dtype=np.float32)


def _spans(middles: NDArray[np.int64], length: int) -> int:
    """Cells that a pixel of the grid covers, an odd number; one where pixels are no larger than cells."""
    ratio = abs(int(middles[-1]) - int(middles[0])) / max(1, len(middles) - 1)
    return min(1 if ratio <= 1 else 2 * int(np.ceil((ratio - 1) / 2)) + 1, length)
