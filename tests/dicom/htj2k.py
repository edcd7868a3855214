"""Streams of High-Throughput JPEG 2000, which no library of the tests encodes (tests/data/README.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FOLDER: Final = Path(__file__).parents[1] / "data" / "htj2k"
_SHAPE: Final = (80, 72)
_DEPTH: Final = 42  # where Ssiz stands behind SOC (T.800 A.5.1)


def ramp(bits: int, *, signed: bool = False) -> NDArray[np.integer[Any]]:
    """The values that were encoded: from the lowest to the highest, along both axes."""
    values = np.add.outer(np.arange(_SHAPE[0]), np.arange(_SHAPE[1])) * (2**bits - 1) // (sum(_SHAPE) - 2)
    cell = 1 if bits == 8 else 2
    return (values - 2 ** (bits - 1)).astype(f"i{cell}") if signed else values.astype(f"u{cell}")


def ramp_stream(bits: int, *, signed: bool = False) -> bytes:
    """The stream of :func:`ramp`; unsigned values are encoded less their middle (T.800 G.1): only a flag differs."""
    stream = bytearray((FOLDER / f"ramp-{bits}-bits.j2c").read_bytes())
    stream[_DEPTH] |= 0x80 * signed
    return bytes(stream)
