"""Names and colours of the heat levels, the same in pictures, viewers and DICOM objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
# From the lowest level to the highest; distinct in hue and in lightness, which always falls, also for
# colour-blind eyes.
LEVEL_COLOURS: tuple[Rgb, ...] = ((255, 237, 120), (247, 134, 45), (189, 0, 38))


def level_colours(place: NDArray[np.floating[Any]] | np.floating[Any]) -> NDArray[np.float32]:
    """Colours 0..255 ``(..., 3)`` of positions from 0, the first level, to 1, the last level."""
    ramp = np.array(LEVEL_COLOURS, dtype=np.float32)
    stops = np.linspace(0, 1, len(ramp))
    return np.stack([np.interp(place, stops, ramp[:, channel]) for channel in range(3)], axis=-1).astype(np.float32)


def colours_of(count: int) -> tuple[Rgb, ...]:
    """A colour for each of ``count`` levels, from the lowest to the highest."""
    colours = np.rint(level_colours(np.linspace(0, 1, count))).astype(int)
    return tuple((red, green, blue) for red, green, blue in colours.tolist())


def cielab_of(colour: Rgb) -> tuple[float, float, float]:
    """L* in [0, 100], a* and b* in [-128, 127] of an sRGB colour."""
    from skimage.color import rgb2lab

    lightness, a, b = rgb2lab(np.array(colour, dtype=np.float64) / 255).tolist()
    return lightness, a, b
