"""Greys relative to their surroundings, independent of machine and density."""

from __future__ import annotations

import torch
from torch.nn import functional

from mammolens.models.devices import in_float32

_STEP = 4  # the surroundings are so smooth that a quarter of the pixels suffices
_SMALLEST_DEVIATION = 0.02  # in normalised greys: of tissue as even as fat, whose noise is not to be blown up
_SMALLEST_WEIGHT = 1e-3  # of the breast around a pixel; only far outside is there less
_RANGE = (-4.0, 6.0)


def local_contrast(image: torch.Tensor, mask: torch.Tensor, sigma: float) -> torch.Tensor:
    """Deviation from the local mean in local standard deviations, both of the breast only.

    Local normalisation as in early computer-aided detection (Karssemeijer & te Brake 1996 work on
    such images); it is what lets one detector serve several machines.

    Args:
        image: ``(batch, 1, rows, cols)`` float32; rows and columns multiples of 4.
        mask: the same shape, the share of each pixel inside the breast.
        sigma: of the Gaussian that defines 'local', in pixels.

    Returns:
        The same shape, clipped to [-4, 6]; 0 outside the breast.
    """
    with in_float32(image):  # the variance is a small difference of large numbers
        kernel = _gaussian(sigma / _STEP, image)
        weight, total, squares = (
            _blurred(functional.avg_pool2d(values, _STEP), kernel)
            for values in (mask, image * mask, image.square() * mask)
        )
    weight = weight.clamp_min(_SMALLEST_WEIGHT)
    mean = total / weight
    deviation = (squares / weight - mean.square()).clamp_min(_SMALLEST_DEVIATION**2).sqrt()
    size = image.shape[-2:]
    mean, deviation = (
        functional.interpolate(values, size=size, mode="bilinear", align_corners=False) for values in (mean, deviation)
    )
    return ((image - mean) / deviation * mask).clamp(*_RANGE)


def _gaussian(sigma: float, like: torch.Tensor) -> torch.Tensor:
    reach = int(3 * sigma + 0.5)
    places = torch.arange(-reach, reach + 1, dtype=like.dtype, device=like.device)
    kernel = torch.exp(-0.5 * (places / sigma).square())
    return kernel / kernel.sum()


def _blurred(values: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    reach = len(kernel) // 2
    along = functional.conv2d(values, kernel.view(1, 1, 1, -1), padding=(0, reach))
    return functional.conv2d(along, kernel.view(1, 1, -1, 1), padding=(reach, 0))
