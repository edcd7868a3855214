"""Quality flags from the pixels of a prepared image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.measure import regionprops

from mammolens.enums import QualityFlag
from mammolens.inference.breast_view import SIDE, BreastView

# Shares of the image's area; outside, the mask is more likely wrong than the breast unusual.
_USUAL_BREAST_AREA = (0.03, 0.97)
# Share of the rows; a breast of less is far smaller than its detector allows. Of 1,948 real views none was below 0.5.
_SMALLEST_BREAST_HEIGHT = 0.3
# Share of the breast's own box. Of 619 whole-breast views (RSNA, mini-MIAS, CBIS-DDSM) none was above 0.90.
_COLLIMATED = 0.95
# Share of the greys' spread that survives smoothing. None of the 619 was below 0.46; noise alone stays below 0.2.
_LEAST_STRUCTURE = 0.3
_STRUCTURE_SCALE = 4.0
_BORDER = 4
# An implant: share of the breast, share of its convex hull, grey, gradient, and grey above that of the tissue around.
_IMPLANT_AREA = (0.12, 0.75)
_IMPLANT_SOLIDITY = 0.88
_IMPLANT_GREY = 0.8
_IMPLANT_GRADIENT = 0.02
_IMPLANT_CONTRAST = 0.3
_PECTORAL_ROWS = SIDE // 20  # what is bright, flat and reaches the upper edge is the pectoral muscle


def pixel_flags(view: BreastView) -> list[QualityFlag]:
    """Flags for what the picture itself shows."""
    smallest, largest = _USUAL_BREAST_AREA
    raised = {
        QualityFlag.UNUSUAL_BREAST_AREA: view.breast_height < _SMALLEST_BREAST_HEIGHT
        or not smallest <= view.breast_share <= largest,
        QualityFlag.PARTIAL_VIEW: bool(view.inside.mean() > _COLLIMATED),
        QualityFlag.BLANK: _structure(view) < _LEAST_STRUCTURE,
        QualityFlag.IMPLANT: _shows_implant(view),
    }
    return [flag for flag, is_raised in raised.items() if is_raised]


def _structure(view: BreastView) -> float:
    """Spread of the smoothed greys as a share of the greys' own."""
    tissue = ndimage.binary_erosion(view.inside, iterations=_BORDER)
    if not tissue.any():
        return 1.0  # a breast too thin to examine; its area is flagged
    greys, weights = view.greys * tissue, tissue.astype(np.float32)
    # Only the tissue's own greys: the skin line would look like structure.
    smooth, weight = (ndimage.gaussian_filter(image, _STRUCTURE_SCALE) for image in (greys, weights))
    smooth /= np.maximum(weight, 1e-6)
    return float(smooth[tissue].std() / max(float(view.greys[tissue].std()), 1e-6))


def _shows_implant(view: BreastView) -> bool:
    """Whether a large, convex body is bright and flat, and much brighter than what lies around it."""
    smallest_share, largest_share = _IMPLANT_AREA
    smallest = smallest_share * view.inside.sum()  # what has less holds no such body, whatever its form
    bright = (ndimage.gaussian_filter(view.greys, 1.0) > _IMPLANT_GREY) & view.inside
    if bright.sum() < smallest:
        return False
    flat = bright & (ndimage.gaussian_gradient_magnitude(view.greys, 1.5) < _IMPLANT_GRADIENT)
    if flat.sum() < smallest:
        return False
    bodies, _ = ndimage.label(ndimage.binary_opening(flat, iterations=3))
    regions = regionprops(bodies)
    if not regions:
        return False
    largest = max(regions, key=lambda region: region.area)
    fits = smallest_share <= largest.area / view.inside.sum() <= largest_share
    if not fits or largest.solidity < _IMPLANT_SOLIDITY or largest.bbox[0] < _PECTORAL_ROWS:
        return False
    body = bodies == largest.label
    near, far = (ndimage.binary_dilation(body, iterations=steps) for steps in (4, 10))
    around = view.greys[far & ~near & view.inside]
    return bool(around.size and np.median(view.greys[body]) - np.median(around) > _IMPLANT_CONTRAST)
