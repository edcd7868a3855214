"""A few robust figures of a prepared image, by which an image of another kind is recognised."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy import ndimage

from mammolens.inference.breast_view import BreastView

_BORDER = 4  # pixels of the breast view: the skin line is not tissue


class ImageStatistic(StrEnum):
    """What is measured; the value is how a person calls it."""

    BREAST_SHARE = "breast area"
    MEAN = "mean grey"
    SPREAD = "spread of greys"
    NOISE = "noise"
    SHARPNESS = "edge sharpness"


def image_statistics(view: BreastView) -> dict[str, float]:
    """One positive figure for each :class:`ImageStatistic`, of the tissue inside the skin line.

    Breast area as a share of the image; mean and standard deviation of the normalised greys; noise as 1.4826 times
    the median of the absolute Laplacian; sharpness as the 99th percentile of the gradient.
    """
    tissue = ndimage.binary_erosion(view.inside, iterations=_BORDER)
    if not tissue.any():
        tissue = view.inside
    greys = view.greys[tissue]
    gradient = ndimage.gaussian_gradient_magnitude(view.greys, 1.0)[tissue]
    measured = {
        ImageStatistic.BREAST_SHARE: view.breast_share,
        ImageStatistic.MEAN: greys.mean(),
        ImageStatistic.SPREAD: greys.std(),
        ImageStatistic.NOISE: 1.4826 * np.median(np.abs(ndimage.laplace(view.greys)[tissue])),
        ImageStatistic.SHARPNESS: np.quantile(gradient, 0.99),
    }
    return {statistic.value: round(max(float(value), 1e-6), 6) for statistic, value in measured.items()}
