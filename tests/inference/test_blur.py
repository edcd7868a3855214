from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from scipy import ndimage

from mammolens.calibration.normals import NormalImage
from mammolens.inference.blur import FINEST_DETAIL, BlurDetector, finest_detail
from mammolens.transforms.pipeline import Prepared

SIDE = 160


def prepared(greys: np.ndarray) -> Prepared:
    mask = np.zeros((1, SIDE, SIDE), dtype=np.float32)
    mask[:, 10:150, :100] = 1.0
    return Prepared(MetaTensor(torch.from_numpy((greys * mask).astype(np.float32))), MetaTensor(mask), 0.5, 0.8)


@pytest.fixture(scope="module")
def tissue() -> np.ndarray:
    """Structures of a few pixels, as tissue on the network's grid has, and some noise."""
    rng = np.random.default_rng(5)
    coarse, fine = (ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), scale) for scale in (3.0, 0.8))
    return 0.5 + 0.1 * coarse / coarse.std() + 0.02 * fine / fine.std()


def moved(greys: np.ndarray, length: float, degrees: float) -> np.ndarray:
    """Blurred by a motion of ``length`` pixels during the exposure, in a direction counted from the columns."""
    angle = math.radians(degrees)
    steps = np.linspace(-length / 2, length / 2, 8 * math.ceil(length) + 1)
    shifts = [(step * math.sin(angle), step * math.cos(angle)) for step in steps]
    return np.mean([ndimage.shift(greys, shift, order=1, mode="nearest") for shift in shifts], axis=0)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_motion_takes_fine_detail_away_in_any_direction(tissue, degrees):
    still, short, long = (finest_detail(prepared(moved(tissue, length, degrees))) for length in (0.01, 3, 6))
    assert still > 1.04 * short
    assert short > 1.02 * long > 1.0


def test_contrast_and_the_skin_line_do_not_count(tissue):
    detail = finest_detail(prepared(tissue))
    assert finest_detail(prepared(0.5 * tissue)) == pytest.approx(detail, rel=1e-3)
    assert finest_detail(prepared(tissue + 0.3)) == pytest.approx(detail, rel=1e-3)
    assert 0.0 < finest_detail(prepared(np.full((SIDE, SIDE), 0.5))) < 1e-3


def test_a_breast_of_one_grey_is_blurred():
    detector = BlurDetector({"machine": 0.2}, np.zeros(200))
    assert detector.is_blurred(finest_detail(prepared(np.zeros((SIDE, SIDE)))), "machine")


def normal(group: str | None, detail: float | None) -> NormalImage:
    return NormalImage(
        patient=0,
        view="CC",
        acquisition_group=group,
        raw_score=1.0,
        pred_score=1.0,
        map_peak=1.0,
        statistics={} if detail is None else {FINEST_DETAIL: detail},
    )


def around(group: str, median: float, count: int) -> list[NormalImage]:
    return [normal(group, median * math.exp(step)) for step in np.linspace(-0.1, 0.1, count)]


def test_an_image_is_compared_with_the_normal_images_of_its_machine():
    detector = BlurDetector.of([*around("sharp", 2.0, 60), *around("soft", 1.5, 60), *around("few", 1.0, 5)])
    assert detector is not None
    assert [detector.is_blurred(detail, "sharp") for detail in (2.0, 1.85, 1.75, 1.5)] == [False, False, True, True]
    assert [detector.is_blurred(detail, "soft") for detail in (1.5, 1.4, 1.3)] == [False, False, True]
    for unknown in ("few", "other", None):
        assert not detector.is_blurred(0.5, unknown)


def test_no_more_than_one_percent_of_normal_images_is_flagged():
    images = around("one", 2.0, 250)
    detector = BlurDetector.of(images)
    assert detector is not None
    flagged = sum(detector.is_blurred(image.statistics[FINEST_DETAIL], "one") for image in images)
    assert 1 <= flagged <= 2


def test_few_images_tell_nothing():
    assert BlurDetector.of(around("one", 2.0, 90)) is None
    assert BlurDetector.of([*around("one", 2.0, 90), *[normal("one", None)] * 20, normal(None, 2.0)]) is None
