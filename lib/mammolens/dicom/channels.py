"""Grey images that are stored as colour: three channels that say the same (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

COLOURS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
"""Photometric Interpretations that may hold a grey image."""
_LARGEST_CHROMA: Final = 32 / 255  # of the range; the noise of lossy compression in a grey image stays far below


def grey_channel(channels: NDArray[np.unsignedinteger[Any]], bits: int) -> NDArray[np.unsignedinteger[Any]] | None:
    """The greys of an image without colour; ``None`` if it has colours.

    Args:
        channels: ``(rows, cols, 3)``, red, green and blue, or luminance and two colour differences.
        bits: of a value.

    Returns:
        ``(rows, cols)``: the first channel where the others equal it, or are colour differences of zero.
    """
    first, others = channels[..., 0], [channels[..., 1], channels[..., 2]]
    largest = _LARGEST_CHROMA * (2**bits - 1)
    if all(_distance(first, other) <= largest for other in others):
        return first
    no_colour = np.asarray(2 ** (bits - 1), dtype=channels.dtype)
    return first if all(_distance(no_colour, other) <= largest / 2 for other in others) else None


def _distance(one: NDArray[np.unsignedinteger[Any]], other: NDArray[np.unsignedinteger[Any]]) -> int:
    return int(np.abs(np.subtract(one, other, dtype=np.int32)).max())
