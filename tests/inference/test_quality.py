from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammolens.config import PreprocessingConfig
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import QualityFlag, SpacingSource
from mammolens.inference.breast_view import BreastView, breast_view
from mammolens.inference.quality import pixel_flags
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import ImageHeader, Mammogram, PixelSpacing

HEADER = ImageHeader(
    Path("image.dcm"), "1.2", "patient", "exam", spacing=PixelSpacing(1.0, 1.0, SpacingSource.PIXEL_SPACING)
)
GRIDS = {
    "square": PreprocessingConfig(size=128),
    "fine": PreprocessingConfig(size=256),
    "pixel size": PreprocessingConfig(grid="pixel_size", size=256, pixel_size_mm=1.5),
}
Preparing = Callable[[np.ndarray], BreastView]


@pytest.fixture(params=GRIDS)
def seen(request: pytest.FixtureRequest) -> Preparing:
    """The view of pixels as each kind of network gets them."""
    pipeline = Pipeline(GRIDS[request.param])
    return lambda pixels: breast_view(pipeline.prepare(Mammogram(HEADER, np.ascontiguousarray(pixels, np.float32))))


@pytest.fixture(scope="module")
def views() -> list[PhantomView]:
    return [view for seed in range(3) for view in make_phantom_exam(seed, rows=256, columns=208, spacing=(1, 1)).views]


def with_implant(view: PhantomView) -> np.ndarray:
    """A bright, flat ellipse in the middle of the breast, some noise on it."""
    rows, columns = np.nonzero(view.breast_mask)
    middle = (rows.min() + rows.max()) / 2 + 10, columns.mean()
    half = 0.27 * np.ptp(rows), 0.3 * np.ptp(columns)
    grid = np.indices(view.pixels.shape)
    away = np.hypot((grid[0] - middle[0]) / half[0], (grid[1] - middle[1]) / half[1])
    implant = (0.95 + 0.01 * np.random.default_rng(0).standard_normal(away.shape)).clip(0, 1)
    return np.where((away < 1) & view.breast_mask, implant, 0.5 * view.pixels)


def test_nothing_is_flagged_on_phantoms(seen, views):
    assert [pixel_flags(seen(view.pixels)) for view in views] == [[]] * len(views)


@pytest.mark.slow
def test_nothing_is_flagged_on_the_eight_of_cbis_ddsm():
    pipeline = Pipeline(GRIDS["square"])
    for path in cbis_ddsm_files():
        assert pixel_flags(breast_view(pipeline.prepare(read_mammogram(path)))) == []


def test_an_implant_is_seen(seen, views):
    assert [pixel_flags(seen(with_implant(view))) for view in views] == [[QualityFlag.IMPLANT]] * len(views)


def test_a_blank_exposure_is_flagged(seen, views):
    noise = 0.02 * np.random.default_rng(1).standard_normal(views[0].pixels.shape)
    for view in views[:4]:
        assert QualityFlag.BLANK in pixel_flags(seen(((0.5 + noise) * view.breast_mask).clip(0, 1)))


def test_tissue_that_fills_a_collimated_rectangle_is_a_part_of_a_breast(seen, views):
    for view in views[:4]:
        rows, columns = np.nonzero(view.breast_mask)
        row, column = int(rows.mean()), int(columns.mean())
        part = slice(row - 30, row + 30), slice(column - 25, column + 25)
        assert view.breast_mask[part].all()
        spot = np.zeros_like(view.pixels)
        spot[60:180, 60:160] = np.kron(view.pixels[part] + 0.1, np.ones((2, 2)))
        assert QualityFlag.PARTIAL_VIEW in pixel_flags(seen(spot.clip(0, 1)))


@pytest.mark.parametrize(("share", "flagged"), [(0.02, True), (0.04, False), (0.96, False), (0.98, True)])
def test_a_breast_of_an_unusual_share_of_the_image_is_flagged(seen, views, share, flagged):
    flags = pixel_flags(replace(seen(views[0].pixels), breast_share=share))
    assert flags == ([QualityFlag.UNUSUAL_BREAST_AREA] if flagged else [])


@pytest.mark.parametrize(("height", "flagged"), [(0.29, True), (0.31, False)])
def test_a_breast_far_smaller_than_its_detector_allows_is_flagged(seen, views, height, flagged):
    flags = pixel_flags(replace(seen(views[0].pixels), breast_height=height))
    assert flags == ([QualityFlag.UNUSUAL_BREAST_AREA] if flagged else [])


def test_a_small_breast_on_a_large_detector_is_flagged(seen, views):
    detector = np.zeros((4 * 256, 2 * 208), np.float32)
    detector[384:640, :208] = views[1].pixels
    assert views[1].breast_mask.sum() > 0.03 * detector.size
    assert pixel_flags(seen(detector)) == [QualityFlag.UNUSUAL_BREAST_AREA]


def test_real_normal_mammograms_are_hardly_ever_flagged(development_data):
    from mammolens.datasets.formats import open_dataset

    pipeline = Pipeline(GRIDS["square"])
    cases = [case for case in open_dataset(development_data / "rsna640").cases if case.split == "calibration"]
    flagged = [path for path in cases if pixel_flags(breast_view(pipeline.load(path.path, path.attributes)))]
    assert len(flagged) <= 0.03 * len(cases)
