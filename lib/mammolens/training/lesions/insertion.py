"""Synthetic lesions put into a normal image, where lesions can lie and as visible as lesions are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammolens.config import LesionConfig, LesionKind
from mammolens.training.lesions.calcifications import draw_cluster
from mammolens.training.lesions.distortion import draw_together
from mammolens.training.lesions.masses import draw_mass
from mammolens.training.lesions.patch import Profile
from mammolens.training.sample import Sample
from mammolens.types import BoolImage, FloatImage

_REACH = 3.0  # radii from the centre to the patch's border
_SMALLEST_DEVIATION = 0.035  # in normalised greys; in even fat a contrast is a multiple of this
_GRAINS_BRIGHTER = 1.6  # calcifications against masses of the same contrast
_DISTORTION_DEPTH = 2.0  # radii from the skin: tissue to draw in from all sides
_PREFER_DENSE = 0.6  # chance that the brighter of two places is taken: cancers favour dense tissue


class LesionInserter:
    """Draws lesions as configured.

    Args:
        config: kinds, sizes and contrasts.
        pixel_size_mm: of the working grid.
    """

    def __init__(self, config: LesionConfig, pixel_size_mm: float) -> None:
        self.config = config
        self._radii = tuple(radius / pixel_size_mm for radius in config.radius_mm)
        self._kinds = list(config.kinds)
        shares = np.array(list(config.kinds.values()))
        self._shares = shares / shares.sum()

    def __call__(self, normal: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
        """One to ``config.most`` lesions; fewer where the breast is too small for the ones drawn.

        Args:
            donor: another normal breast, for foreign patches.
        """
        corrupted = Sample.normal(normal.image.copy(), normal.breast)
        depth = _depth(normal.breast)
        for _ in range(rng.integers(1, self.config.most + 1)):
            kind = self._kinds[rng.choice(len(self._kinds), p=self._shares)]
            radius = float(np.exp(rng.uniform(*np.log(self._radii))))
            places = np.flatnonzero(depth.ravel() > _least_depth(kind, radius))
            if len(places):
                self._insert(kind, corrupted, normal, donor, _place(rng, normal.image, places), radius, rng)
        return corrupted

    def _insert(
        self,
        kind: LesionKind,
        corrupted: Sample,
        normal: Sample,
        donor: Sample,
        centre: tuple[int, int],
        radius: float,
        rng: np.random.Generator,
    ) -> None:
        half = int(_REACH * radius) + 2
        here, on_patch = _windows(centre, half, normal.image.shape)
        greys, breast = corrupted.image[here], normal.breast[here]
        step = rng.uniform(*self.config.contrast) * _visible_step(greys, breast, radius)
        if kind is LesionKind.DISTORTION:
            drawn, outline = draw_together(rng, corrupted.image, normal.breast, centre, radius, half)
            changed = drawn[on_patch]
        elif kind is LesionKind.FOREIGN:
            profile = draw_mass(rng, radius, half, spiculated=False)
            patch = _foreign_patch(rng, donor, half)
            if patch is None:
                return
            weight, outline = np.clip(profile.added, 0, 1) * patch.breast, profile.outline & patch.breast
            level = greys[breast].mean() - patch.image[patch.breast].mean()
            changed = greys + (patch.image[on_patch] + level + 0.7 * step - greys) * weight[on_patch]
        else:
            profile, outline = self._profile(kind, radius, half, rng)
            changed = greys + step * profile.added[on_patch]
        # Real images end at 1, too: what is brighter would give a lesion away.
        corrupted.image[here] = np.where(breast, np.clip(changed, 0, 1), greys)
        corrupted.lesions[here] |= outline[on_patch] & breast

    @staticmethod
    def _profile(kind: LesionKind, radius: float, half: int, rng: np.random.Generator) -> tuple[Profile, BoolImage]:
        if kind is LesionKind.CALCIFICATIONS:
            profile = draw_cluster(rng, half)
            profile = Profile(_GRAINS_BRIGHTER * profile.added, profile.outline)
        else:
            profile = draw_mass(rng, radius, half, spiculated=kind is LesionKind.SPICULATED_MASS)
        return profile, profile.outline


def _depth(breast: BoolImage) -> NDArray[np.int32]:
    """Pixels to the nearest air; a window without air is as deep as it is large."""
    if breast.all():
        return np.full(breast.shape, max(breast.shape), np.int32)
    return np.asarray(ndimage.distance_transform_cdt(breast, metric="chessboard"), np.int32)


def _least_depth(kind: LesionKind, radius: float) -> float:
    return max(4.0, (_DISTORTION_DEPTH if kind is LesionKind.DISTORTION else 0.8) * radius)


def _place(rng: np.random.Generator, image: FloatImage, places: NDArray[np.intp]) -> tuple[int, int]:
    one, other = places[rng.integers(len(places), size=2)]
    brighter = one if image.flat[one] >= image.flat[other] else other
    row, column = np.unravel_index(brighter if rng.random() < _PREFER_DENSE else one, image.shape)
    return int(row), int(column)


def _visible_step(greys: FloatImage, breast: BoolImage, radius: float) -> float:
    """What one unit of contrast is here: the tissue's own variation, coarse and fine, so that lesions stay hidden."""
    fine = greys - ndimage.gaussian_filter(greys, radius)
    return max(_SMALLEST_DEVIATION, 0.6 * float(greys[breast].std()) + 0.8 * float(fine[breast].std()))


def _foreign_patch(rng: np.random.Generator, donor: Sample, half: int) -> Sample | None:
    """A square around a location in the donor's breast, mirrored half of the time; ``None`` if too near the edge."""
    places = np.flatnonzero(donor.breast.ravel())
    if not len(places):
        return None
    row, column = np.unravel_index(places[rng.integers(len(places))], donor.breast.shape)
    if not (half <= row < donor.image.shape[0] - half and half <= column < donor.image.shape[1] - half):
        return None
    patch = donor.window(int(row) - half, int(column) - half, (2 * half + 1, 2 * half + 1))
    return patch.mirrored(rows=False, columns=bool(rng.random() < 0.5))


def _windows(
    centre: tuple[int, int], half: int, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where the patch lies in the image, and which part of the patch that is."""
    image, patch = [], []
    for place, size in zip(centre, shape, strict=True):
        first, last = max(0, place - half), min(size, place + half + 1)
        image.append(slice(first, last))
        patch.append(slice(first - place + half, last - place + half))
    return (image[0], image[1]), (patch[0], patch[1])
