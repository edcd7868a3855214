"""A prepared image for quality checks: the breast's bounding box on a small square, whatever the network's grid."""

from __future__ import annotations

from dataclasses import dataclass

from mammolens.transforms.crop import breast_box
from mammolens.transforms.pipeline import Prepared
from mammolens.transforms.resample import resampled
from mammolens.types import BoolImage, FloatImage

SIDE = 128  # pixels; lengths in the modules that use it are in these


@dataclass(frozen=True, slots=True, eq=False)
class BreastView:
    """The box around one breast, stretched to a square.

    Attributes:
        greys: ``(SIDE, SIDE)`` float32 in [0, 1], normalised inside the breast, chest wall on the left.
        inside: ``(SIDE, SIDE)`` bool, the breast.
        breast_share: of the original image's area, in [0, 1].
        breast_height: as a share of the original image's rows, in [0, 1].
    """

    greys: FloatImage
    inside: BoolImage
    breast_share: float
    breast_height: float


def breast_view(prepared: Prepared) -> BreastView:
    """The breast of a prepared image."""
    mask = prepared.mask.as_tensor()
    top, bottom, left, right = breast_box(mask, margin=0.0)
    greys, inside = (
        resampled(values[:, top:bottom, left:right], (SIDE, SIDE))[0].numpy()
        for values in (prepared.image.as_tensor(), mask)
    )
    return BreastView(greys, inside > 0.5, prepared.breast_share, prepared.breast_height)
