"""Grey levels of a mammogram: the header's window, or the breast's own range; air always dark."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .header import Header
from .volumes import pixels_of

INVERTED = "vtkMRMLColorTableNodeInvertedGrey"
_SPARSE = 8  # every so manieth row and column tells enough of a histogram
_BREAST = (2.0, 99.8)  # percentiles of what is not air


def set_window(node: Any, header: Header) -> None:
    """Set a volume's window, and turn its greys round where its reader left MONOCHROME1 as it was stored.

    Args:
        node: vtkMRMLScalarVolumeNode.
        header: of its file.
    """
    pixels, display = pixels_of(node)[::_SPARSE, ::_SPARSE], node.GetDisplayNode()
    as_stored = header.is_monochrome1 and air_is_bright(pixels)  # GDCM turns such images round, DCMTK does not
    if as_stored:
        display.SetAndObserveColorNodeID(INVERTED)
    # A window is for values as the reader should have given them.
    window = (
        header.window if header.window and not as_stored else _range(-pixels.astype(float) if as_stored else pixels)
    )
    low, high = (-window[1], -window[0]) if as_stored else window
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(low, high)


def air_is_bright(pixels: NDArray[Any]) -> bool:
    """Whether the commonest value, which in a mammogram is that of air, lies in the upper half of all."""
    counts, edges = np.histogram(pixels, bins=64)
    return bool(edges[counts.argmax()] >= (edges[0] + edges[-1]) / 2)


def _range(pixels: NDArray[Any]) -> tuple[float, float]:
    """Of what is not air, which is dark."""
    counts, edges = np.histogram(pixels, bins=64)
    tissue = pixels[pixels > edges[counts[:32].argmax() + 1]]
    low, high = np.percentile(tissue if tissue.size else pixels, _BREAST)
    return float(low), float(max(high, low + 1))
