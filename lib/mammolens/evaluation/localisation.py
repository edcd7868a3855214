"""How well one map's heat lies on marked lesions: all that the figures need of it, a few kilobytes an image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mammolens.errors import DatasetError
from mammolens.types import BoolImage, FloatImage

NO_LESION: Final = -1
MARKS: Final = 10  # peaks kept of a map, the highest first
_MANTISSA_BITS: Final = 6  # of a bin: 64 bins an octave, 1.6 % wide or less
_SMALLEST: Final = 1e-6  # smaller magnitudes count as 0


@dataclass(frozen=True, slots=True)
class Localisation:
    """One map on one image.

    Attributes:
        lesions: how many are marked; 0 on a normal image.
        marks: value of each peak of the map, falling, and the lesion on which it lies or :data:`NO_LESION`.
        bins: ordered keys of the map's values inside the breast (:func:`bin_keys`); empty on a normal image.
        outside: pixels of each bin on no lesion.
        inside: pixels of each bin on a lesion.

    Raises:
        ValueError: the columns differ in length.
    """

    lesions: int
    marks: tuple[tuple[float, int], ...]
    bins: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.bins) == len(self.outside) == len(self.inside):
            raise ValueError("bins and counts differ in length")

    @property
    def hit(self) -> bool:
        """Whether the map's highest peak lies on a lesion."""
        return bool(self.marks) and self.marks[0][1] != NO_LESION

    @property
    def located(self) -> bool:
        """Whether the image has a marked lesion."""
        return self.lesions > 0

    def to_text(self) -> str:
        """As JSON in one line, for a cell of a table."""
        columns = [list(self.bins), list(self.outside), list(self.inside)]
        document = {"lesions": self.lesions, "marks": [list(mark) for mark in self.marks], "pixels": columns}
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str, path: Path) -> Localisation:
        """Read what :meth:`to_text` wrote.

        Raises:
            DatasetError: it is something else; ``path`` names the file that contains it.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            marks = tuple((float(value), int(lesion)) for value, lesion in document["marks"])
            bins, outside, inside = (tuple(map(int, column)) for column in document["pixels"])
            return cls(int(document["lesions"]), marks, bins, outside, inside)
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(path, f"a localisation cannot be read ({error})", "evaluate the model again") from error


def localise(values: FloatImage, breast: BoolImage, inner: BoolImage, lesions: NDArray[np.int32]) -> Localisation:
    """Sum up one map.

    Args:
        values: ``(rows, cols)`` float32, growing with suspicion.
        breast: ``(rows, cols)`` bool, the pixels that are compared.
        inner: ``(rows, cols)`` bool, where peaks count: the breast without its border.
        lesions: ``(rows, cols)`` int32, 0 on no lesion, else the lesion's number from 1.
    """
    marks = tuple(_marks(values, inner, lesions))
    count = len(np.unique(lesions[lesions > 0]))
    if not count:
        return Localisation(0, marks)
    bins, place = np.unique(bin_keys(values[breast]), return_inverse=True)
    on_lesion = lesions[breast] > 0
    inside, outside = (np.bincount(place[keep], minlength=len(bins)) for keep in (on_lesion, ~on_lesion))
    return Localisation(count, marks, *(tuple(map(int, column)) for column in (bins, outside, inside)))


def bin_keys(values: NDArray[np.float32]) -> NDArray[np.int32]:
    """Keys ``(n,)`` int32 that order as the values do: sign, exponent and the first bits of the mantissa.

    The bins do not depend on the map's unit, so that images can be pooled without knowing its range beforehand.
    """
    kept = np.where(np.abs(values) < _SMALLEST, 0, values).astype(np.float32)
    bits = kept.view(np.int32)
    ordered = np.where(bits < 0, -(bits & np.int32(0x7FFFFFFF)), bits)
    return np.asarray(ordered >> (23 - _MANTISSA_BITS), dtype=np.int32)


def _marks(values: FloatImage, inner: BoolImage, lesions: NDArray[np.int32]) -> list[tuple[float, int]]:
    from skimage.feature import peak_local_max

    if not inner.any():
        return []
    apart = max(1, round(max(values.shape) / 32))  # two peaks nearer than this are one mark
    lifted = np.where(inner, values - values[inner].min() + 1.0, 0.0)  # a peak is a peak, also below 0
    found = peak_local_max(lifted, min_distance=apart, exclude_border=False, num_peaks=MARKS, threshold_abs=0.5)
    places = [(float(f"{values[row, column]:.6g}"), int(lesions[row, column]) - 1) for row, column in found]
    return sorted(places, key=lambda mark: -mark[0])
