"""A map from one pipeline's grid to another's, without the way over the original grid."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.transforms.resample import resampled

_CORNERS = np.array([[0.0, 0.0], [1.0, 1.0]])


def regridded(
    values: torch.Tensor, source: Pipeline, prepared: Prepared, target: Pipeline, onto: Prepared
) -> torch.Tensor:
    """Bring a map to another pipeline's grid: means over pixels where that is coarser, bilinear otherwise.

    Args:
        values: ``(1, size, size)`` float32 on the grid of ``prepared``.
        source: the pipeline that made ``prepared``.
        prepared: a mammogram.
        target: the pipeline that made ``onto``.
        onto: the same mammogram.

    Returns:
        ``(1, size, size)`` float32 on the grid of ``onto``; beyond the source's grid its border is repeated.
    """
    if source.config == target.config:
        return values
    step, start = _affine(source, prepared, target, onto)
    shape = values.shape[-2:]
    smaller = [max(1, round(pixels / max(1.0, abs(ratio)))) for pixels, ratio in zip(shape, step, strict=True)]
    rows, columns = (
        # From -1 to 1 over the source's outer edges, which stay where they are when it is made smaller.
        2 * (step[axis] * torch.arange(onto.mask.shape[axis - 2], dtype=torch.float32) + start[axis] + 0.5)
        / shape[axis] - 1
        for axis in (0, 1)
    )  # fmt: skip
    places = torch.stack(torch.broadcast_tensors(columns[None, :], rows[:, None]), dim=-1)
    sampled = torch.nn.functional.grid_sample(
        resampled(values, (smaller[0], smaller[1]))[None],
        places[None],
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return sampled[0]


def _affine(
    source: Pipeline, prepared: Prepared, target: Pipeline, onto: Prepared
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels of the source's grid for one of the target's, and where on it the target's first pixel lies, by axis."""
    there = source.restore_points(_CORNERS, prepared)
    here = target.restore_points(_CORNERS, onto)
    size = there[1] - there[0]
    return (here[1] - here[0]) / size, (here[0] - there[0]) / size
