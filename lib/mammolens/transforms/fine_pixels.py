"""An image, or a part of it, at a pixel size close to the detector's own."""

from __future__ import annotations

import numpy as np
import torch

from mammolens.types import FloatImage, PixelSpacing

_CLOSE = 0.02  # pixel sizes that differ by no more than this share are left as they are


def at_pixel_size(pixels: FloatImage, spacing: PixelSpacing, pixel_size_mm: float) -> torch.Tensor:
    """Resample ``(rows, cols)`` so that the outer pixel edges stay where they are.

    Linear interpolation that takes the mean over what falls together when shrinking: unlike means over whole pixels, it
    blurs all places alike where sizes are not multiples of each other.

    Args:
        pixels: of the image or a part of it; copied.
        spacing: of the pixels.
        pixel_size_mm: wanted, in both directions.

    Returns:
        ``(1, 1, rows, cols)`` float32.
    """
    image = torch.from_numpy(np.array(pixels))[None, None]
    ratios = spacing.between_rows / pixel_size_mm, spacing.between_columns / pixel_size_mm
    if all(abs(ratio - 1) <= _CLOSE for ratio in ratios):
        return image
    size = [max(1, round(length * ratio)) for length, ratio in zip(pixels.shape, ratios, strict=True)]
    return torch.nn.functional.interpolate(image, size=size, mode="bilinear", antialias=True)
