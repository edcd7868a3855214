"""A normal image as tasks learn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mammolens.transforms.pipeline import Prepared
from mammolens.types import BoolImage, FloatImage

_GAMMA = 0.12  # spread of the logarithm of a random gamma


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """An image on the working grid, ``(rows, cols)``: greys float32 in [0, 1], and which pixels are breast."""

    image: FloatImage
    breast: BoolImage

    @classmethod
    def of(cls, prepared: Prepared) -> Normal:
        """The whole grid of a prepared image."""
        return cls(prepared.image.as_tensor()[0].numpy(), prepared.mask.as_tensor()[0].numpy() > 0.5)

    def trimmed(self) -> Normal:
        """A copy of the part that holds the breast: grids by pixel size are mostly padding."""
        rows, columns = np.flatnonzero(self.breast.any(axis=1)), np.flatnonzero(self.breast.any(axis=0))
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        return Normal(self.image[box].copy(), self.breast[box].copy())

    def window(self, top: int, left: int, size: tuple[int, int]) -> Normal:
        """A copy of ``size`` rows and columns from there, which may lie outside; no breast and 0 beyond the image."""
        image, breast = np.zeros(size, np.float32), np.zeros(size, np.bool_)
        first, start = max(0, top), max(0, left)
        last, end = min(self.breast.shape[0], top + size[0]), min(self.breast.shape[1], left + size[1])
        if first < last and start < end:
            here = (slice(first - top, last - top), slice(start - left, end - left))
            image[here], breast[here] = self.image[first:last, start:end], self.breast[first:last, start:end]
        return Normal(image, breast)

    def mirrored(self, *, rows: bool, columns: bool) -> Normal:
        """Upside down, left to right, both or neither."""
        step = (slice(None, None, -1 if rows else 1), slice(None, None, -1 if columns else 1))
        return Normal(self.image[step], self.breast[step])

    def with_random_gamma(self, rng: np.random.Generator) -> Normal:
        """Greys to a random power: another tube voltage, another look-up table."""
        return Normal(self.image ** np.float32(np.exp(_GAMMA * rng.normal())), self.breast)
