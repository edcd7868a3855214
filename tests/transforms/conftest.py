"""Phantoms as tensors with a marked spot, whose place after a way there and back is compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from mammolens.datasets.phantom import PhantomExam, PhantomView, make_phantom_exam
from mammolens.enums import SpacingSource
from mammolens.transforms.load import as_meta_tensor
from mammolens.types import BoolImage, FloatImage, ImageHeader, Mammogram, PixelSpacing

GRIDS = {  # rows, columns, spacing between rows and between columns
    "isotropic": (320, 260, (0.8, 0.8)),
    "flat pixels": (512, 208, (0.5, 1.0)),
    "tall pixels": (205, 416, (1.25, 0.5)),
}
VIEWS = ["R CC", "L CC", "R MLO", "L MLO"]


@pytest.fixture(scope="session")
def exams() -> dict[str, PhantomExam]:
    return {
        name: make_phantom_exam(3, rows=rows, columns=columns, spacing=spacing)
        for name, (rows, columns, spacing) in GRIDS.items()
    }


@pytest.fixture(params=range(4), ids=VIEWS)
def a_view(exams: dict[str, PhantomExam], request: pytest.FixtureRequest) -> PhantomView:
    """Each of the four views in turn, isotropic."""
    return exams["isotropic"].views[request.param]


@pytest.fixture(scope="session")
def mammogram_of() -> Callable[..., Mammogram]:
    """A mammogram with these pixels and this spacing, or none; then the pixels' height over their width counts."""

    def make(
        pixels: FloatImage, spacing: tuple[float, float] | None = (0.8, 0.8), aspect_ratio: float = 1.0
    ) -> Mammogram:
        size = PixelSpacing(*spacing, SpacingSource.PIXEL_SPACING) if spacing else None
        header = ImageHeader(Path("image.dcm"), "1.2", "patient", "exam", spacing=size, pixel_aspect_ratio=aspect_ratio)
        return Mammogram(header, np.ascontiguousarray(pixels, dtype=np.float32))

    return make


@pytest.fixture(scope="session")
def tensor_of(mammogram_of: Callable[..., Mammogram]) -> Callable[..., MetaTensor]:
    """``(1, rows, cols)`` with a header in its meta data."""
    return lambda *described, **more: as_meta_tensor(mammogram_of(*described, **more))


@pytest.fixture(scope="session")
def mask_of() -> Callable[[BoolImage], torch.Tensor]:
    """A true mask as transforms take it."""
    return lambda breast: torch.from_numpy(breast.astype(np.float32))[None]


@pytest.fixture(scope="session")
def spots_in() -> Callable[..., list[FloatImage]]:
    """Gaussian spots of ``sigma`` pixels (rows, columns), at three places inside the breast."""

    def make(view: PhantomView, sigma: tuple[float, float]) -> list[FloatImage]:
        rows, columns = np.indices(view.breast_mask.shape)
        images = []
        for height, depth in ((0.35, 0.3), (0.5, 0.55), (0.65, 0.4)):
            occupied = np.flatnonzero(view.breast_mask.any(axis=1))
            row = occupied[int(height * len(occupied))]
            inside = np.flatnonzero(view.breast_mask[row])
            column = inside[int(depth * len(inside))] if view.laterality == "L" else inside[-int(depth * len(inside))]
            spot = np.exp(-0.5 * (((rows - row) / sigma[0]) ** 2 + ((columns - column) / sigma[1]) ** 2))
            images.append(np.asarray(spot, dtype=np.float32))
        return images

    return make


@pytest.fixture(scope="session")
def distance() -> Callable[[FloatImage, FloatImage], float]:
    """Between the centroids of two images ``(rows, cols)``, in pixels."""

    def centroid(image: FloatImage) -> np.ndarray:
        weights = np.asarray(image, dtype=np.float64)
        return np.array([(weights * places).sum() for places in np.indices(weights.shape)]) / weights.sum()

    return lambda one, other: float(np.hypot(*(centroid(one) - centroid(other))))
