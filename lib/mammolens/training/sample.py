"""An image as tasks learn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mammolens.transforms.pipeline import Prepared
from mammolens.types import BoolImage, FloatImage

_GAMMA = 0.12  # spread of the logarithm of a random gamma
_QUANTILES = np.linspace(0, 1, 65)  # between which grey levels are matched linearly


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image on the working grid, ``(rows, cols)``: greys float32 in [0, 1], what is breast, what is lesion."""

    image: FloatImage
    breast: BoolImage
    lesions: BoolImage

    @classmethod
    def normal(cls, image: FloatImage, breast: BoolImage) -> Sample:
        """One without lesions."""
        return cls(image, breast, np.zeros_like(breast))

    @classmethod
    def of(cls, prepared: Prepared) -> Sample:
        """The whole grid of a prepared image; lesions count inside the breast only."""
        image, breast = prepared.image.as_tensor()[0].numpy(), prepared.mask.as_tensor()[0].numpy() > 0.5
        if prepared.lesions is None:
            return cls.normal(image, breast)
        return cls(image, breast, breast & (prepared.lesions.as_tensor()[0].numpy() > 0.5))

    def trimmed(self) -> Sample:
        """A copy of the part that holds the breast: grids by pixel size are mostly padding."""
        rows, columns = np.flatnonzero(self.breast.any(axis=1)), np.flatnonzero(self.breast.any(axis=0))
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        return Sample(self.image[box].copy(), self.breast[box].copy(), self.lesions[box].copy())

    def window(self, top: int, left: int, size: tuple[int, int]) -> Sample:
        """A copy of ``size`` rows and columns from there, which may lie outside; no breast and 0 beyond the image."""
        image, breast, lesions = np.zeros(size, np.float32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        first, start = max(0, top), max(0, left)
        last, end = min(self.breast.shape[0], top + size[0]), min(self.breast.shape[1], left + size[1])
        if first < last and start < end:
            here, there = np.s_[first - top : last - top, start - left : end - left], np.s_[first:last, start:end]
            image[here], breast[here], lesions[here] = self.image[there], self.breast[there], self.lesions[there]
        return Sample(image, breast, lesions)

    def mirrored(self, *, rows: bool, columns: bool) -> Sample:
        """Upside down, left to right, both or neither."""
        step = (slice(None, None, -1 if rows else 1), slice(None, None, -1 if columns else 1))
        return Sample(self.image[step], self.breast[step], self.lesions[step])

    def with_random_gamma(self, rng: np.random.Generator) -> Sample:
        """Greys to a random power: another tube voltage, another look-up table."""
        return Sample(self.image ** np.float32(np.exp(_GAMMA * rng.normal())), self.breast, self.lesions)

    def with_greys_of(self, other: Sample) -> Sample:
        """This breast with the distribution of greys of another (histogram matching), which keeps their order."""
        own, wanted = (np.quantile(sample.image[sample.breast], _QUANTILES) for sample in (self, other))
        rising = own + 1e-6 * np.arange(own.size)  # equal quantiles have no inverse
        matched = np.interp(self.image, rising, wanted).astype(np.float32)
        return Sample(np.where(self.breast, matched, np.float32(0)), self.breast, self.lesions)
