"""Sizes that every network can halve."""

from __future__ import annotations

_TILE = 32  # networks halve an image up to five times
MARGIN = 16  # pixels kept around a breast: convolutions feel a border that is nearer


def whole_tiles(length: int) -> int:
    """The length in pixels, rounded up to a multiple of 32."""
    return _TILE * -(-length // _TILE)
