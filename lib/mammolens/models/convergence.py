"""How far the greys around a point rise towards it: high in the middle of a mass of any contrast."""

from __future__ import annotations

from functools import cache

import torch
from torch.nn import functional

from mammolens.models.devices import in_float32

_SIGMA = 1.5  # pixels, of the gradient
_FLAT = 1e-4  # gradients far below this have no direction
_INNER, _OUTER = 0.4, 1.6  # radii between which directions count


def convergence(image: torch.Tensor, mask: torch.Tensor, radii: tuple[float, ...], stride: int) -> torch.Tensor:
    """Mean cosine between the gradient's direction and the direction to the centre, over a ring.

    The convergence index of Kobatake and Murakami (1996), whose adaptive form is the iris filter for masses
    (Kobatake et al., IEEE TMI 1999). Only directions count, so that faint masses are found as bright ones are.

    Args:
        image: ``(batch, 1, rows, cols)`` float32; rows and columns multiples of ``stride``.
        mask: the same shape; outside, gradients count nothing.
        radii: of the masses looked for, in pixels; a ring from 0.4 to 1.6 times each.
        stride: of the result's pixels.

    Returns:
        ``(batch, len(radii), rows / stride, cols / stride)`` float32 in [-1, 1].
    """
    with in_float32(image):
        along, across = _gradient(image)
        length = (along.square() + across.square()).sqrt() + _FLAT
        directions = torch.cat([along / length * mask, across / length * mask], dim=1)
        rings = [
            functional.conv2d(directions, _ring(radius).to(image), stride=stride, padding=int(2 * radius))
            for radius in radii
        ]
    return torch.cat([ring[..., : image.shape[-2] // stride, : image.shape[-1] // stride] for ring in rings], dim=1)


def _gradient(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gaussian derivatives along columns (to the right) and rows (down)."""
    reach = int(4 * _SIGMA + 0.5)
    places = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    smooth = torch.exp(-0.5 * (places / _SIGMA).square())
    smooth = smooth / smooth.sum()
    slope = places / _SIGMA**2 * smooth
    padded = functional.pad(image, (reach,) * 4, mode="replicate")

    def filtered(down: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(functional.conv2d(padded, right.view(1, 1, 1, -1)), down.view(1, 1, -1, 1))

    return filtered(smooth, slope), filtered(slope, smooth)


@cache
def _ring(radius: float) -> torch.Tensor:
    """Weights ``(1, 2, n, n)`` that add up, over the ring, the part of each gradient that points to the centre."""
    reach = int(2 * radius)
    places = torch.arange(-reach, reach + 1, dtype=torch.float32)
    down, right = torch.meshgrid(places, places, indexing="ij")
    distance = torch.hypot(down, right)
    ring = ((distance > _INNER * radius) & (distance <= _OUTER * radius)).float()
    ring = ring / ring.sum() / distance.clamp_min(1)
    return torch.stack([-ring * right, -ring * down])[None]
