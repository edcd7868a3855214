"""Pixel Padding Value and Pixel Padding Range Limit: pixels that are not part of the image (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from mammolens.dicom.header_values import number_of
from mammolens.types import BoolImage, FloatImage

_WIDEST_RANGE: Final = 0.125  # of the range of all values; noise of air and losses of compression stay far below
_MOST_SCATTERED: Final = 0.5  # of the padded pixels; padding lies in a piece
_BRIGHTEST_SCATTERED: Final = 0.1  # grey in [0, 1]; zeros in the noise of air are scattered, too, and harmless


def padding_mask(values: NDArray[np.integer[Any]], dataset: Dataset) -> BoolImage | None:
    """Where values are Pixel Padding Value or lie between it and Pixel Padding Range Limit.

    The value may be written without the sign that it has.

    Returns:
        ``(rows, cols)``, or ``None`` where the header states no padding.
    """
    first, last = number_of(dataset, "PixelPaddingValue"), number_of(dataset, "PixelPaddingRangeLimit")
    if first is None:
        return None
    ends = np.array([first, first if last is None else last], dtype=np.int64).astype(values.dtype)
    return np.asarray((values >= ends.min()) & (values <= ends.max()))


def range_covers_tissue(values: NDArray[np.integer[Any]], padding: BoolImage) -> bool:
    """Whether the padded range is so wide that it must include tissue."""
    padded = values[padding]
    return bool(padded.size and float(np.ptp(padded)) > _WIDEST_RANGE * float(np.ptp(values)))


def is_scattered_over_tissue(padding: BoolImage, greys: FloatImage) -> bool:
    """Whether the padding is single pixels inside the breast, as where it is a value that tissue has.

    Args:
        padding: ``(rows, cols)``.
        greys: ``(rows, cols)`` in [0, 1] as they are without padding, brighter denser.
    """
    if not padding.any():
        return False
    beside = np.zeros_like(padding)
    beside[:, 1:] = padding[:, :-1]
    beside[:, :-1] &= padding[:, 1:]
    beside[:, 0] = padding[:, min(1, padding.shape[1] - 1)]
    beside[:, -1] = padding[:, -2]
    scattered = padding & ~beside
    share = np.count_nonzero(scattered) / np.count_nonzero(padding)
    return bool(share > _MOST_SCATTERED and greys[scattered].mean() > _BRIGHTEST_SCATTERED)
