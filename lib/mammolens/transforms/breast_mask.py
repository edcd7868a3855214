"""Where the breast is: without air, tags, frames and the film's border."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from skimage.morphology import disk, opening

from mammolens.enums import Keys
from mammolens.errors import UnsupportedMammogramError
from mammolens.transforms.load import header_of
from mammolens.types import BoolImage, FloatImage

BREAST_SHARE = "breast_share"  # key in the mask's meta data: share of the image's area
_WORKING_SIDE = 256  # pixels of the longer side of the copy that is segmented
_SMALLEST_SHARE = 0.02  # of the image's area; smaller things are tags


class BreastMask(Transform):
    """Segment the breast, pectoral muscle included.

    Works on a small copy: a threshold between air and tissue, frames cut off, thin bridges to tags
    opened, the largest body kept and its holes filled.

    Args:
        image: ``(1, rows, cols)`` float32 in [0, 1].

    Returns:
        ``(1, rows, cols)`` float32, 1 inside the breast and 0 elsewhere.

    Raises:
        UnsupportedMammogramError: no breast found.
    """

    def __call__(self, image: MetaTensor) -> MetaTensor:
        rows, columns = image.shape[-2:]
        scale = min(1.0, _WORKING_SIDE / max(rows, columns))
        size = (max(8, round(rows * scale)), max(8, round(columns * scale)))
        small = torch.nn.functional.interpolate(image.as_tensor()[None], size=size, mode="area")[0, 0]
        breast = segment_breast(small.numpy())
        if breast is None:
            raise UnsupportedMammogramError(header_of(image).path, "no breast is visible", "give a whole-breast view")
        mask = torch.from_numpy(breast.astype(np.float32))[None, None]
        full = torch.nn.functional.interpolate(mask, size=(rows, columns), mode="nearest-exact")[0]
        return MetaTensor(full, meta={**image.meta, BREAST_SHARE: float(breast.mean())})


class BreastMaskd(MapTransform):
    """Dictionary form of :class:`BreastMask`: adds ``data[Keys.BREAST_MASK]``."""

    def __init__(self, keys: KeysCollection = (Keys.IMAGE,), allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.mask = BreastMask()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        found = dict(data)
        for key in self.key_iterator(found):
            found[Keys.BREAST_MASK] = self.mask(found[key])
        return found


def segment_breast(image: FloatImage) -> BoolImage | None:
    """Segment a small image ``(rows, cols)``; ``None`` where nothing is large enough to be a breast."""
    smooth = ndimage.gaussian_filter(image, 1.0)
    tissue = _without_frame(smooth > _air_threshold(smooth))
    bodies = label(opening(tissue, disk(max(2, round(max(image.shape) / 64)))))
    regions = [region for region in regionprops(bodies) if region.area >= _SMALLEST_SHARE * image.size]
    if not regions:
        return None
    breast = bodies == max(regions, key=lambda region: region.area).label
    return _filled(breast)


def _air_threshold(image: FloatImage) -> float:
    """A level just above the air's: its own level and noise, and a share of the way to tissue."""
    tissue = float(threshold_otsu(image))
    counts, edges = np.histogram(image[image <= tissue], bins=64)
    peak = int(np.argmax(counts))  # air is flat, so its greys pile up
    level = float((edges[peak] + edges[peak + 1]) / 2)
    noise = 1.4826 * float(np.median(np.abs(image[image <= edges[peak + 1]] - level)))
    return min(tissue, level + max(4.0 * noise, 0.15 * (tissue - level)))


def _without_frame(tissue: BoolImage) -> BoolImage:
    """Clear edge lines that are bright almost throughout on *opposite* sides: frames, not chest walls."""
    cleared = tissue.copy()
    for axis in (0, 1):
        lines = np.moveaxis(cleared, axis, 0)
        depth = max(1, round(len(lines) * 0.03))
        if lines[0].mean() > 0.95 and lines[-1].mean() > 0.95:
            for index in [*range(depth), *range(-depth, 0)]:
                if lines[index].mean() > 0.9:
                    lines[index] = False
    return cleared


def _filled(breast: BoolImage) -> BoolImage:
    """Fill holes, also those that the chest wall's image edge leaves open."""
    columns = breast.shape[1]
    left = breast[:, : columns // 2].sum() >= breast[:, columns // 2 :].sum()
    occupied = np.flatnonzero(breast.any(axis=1))
    closed = np.pad(breast, ((0, 0), (1, 0) if left else (0, 1)))
    closed[occupied[0] : occupied[-1] + 1, 0 if left else -1] = True
    filled = ndimage.binary_fill_holes(closed)
    return np.asarray(filled[:, 1:] if left else filled[:, :-1])
