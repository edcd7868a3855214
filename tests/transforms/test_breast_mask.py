from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from PIL import Image
from scipy import ndimage
from skimage.morphology import disk

from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Keys, Laterality
from mammolens.errors import UnsupportedMammogramError
from mammolens.transforms.breast_mask import (
    BREAST_HEIGHT,
    BREAST_SHARE,
    BreastMask,
    BreastMaskd,
    _opened,
    enlarged,
    segment_breast,
)
from mammolens.transforms.load import HEADER, as_meta_tensor

Bend = Callable[[np.ndarray, PhantomView], np.ndarray]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())


def mask_of(image: MetaTensor) -> np.ndarray:
    return BreastMask()(image).numpy()[0] > 0


def away_from_the_wall(view: PhantomView, start: int, end: int) -> slice:
    """Columns counted from the side where the air is."""
    return slice(-end, -start or None) if view.laterality is Laterality.LEFT else slice(start, end)


def with_tags(pixels: np.ndarray, view: PhantomView) -> np.ndarray:
    pixels[8:24, away_from_the_wall(view, 6, 50)] = 1
    pixels[-40:-8, away_from_the_wall(view, 4, 40)] = 0.9
    return pixels


def with_a_tag_that_touches(pixels: np.ndarray, view: PhantomView) -> np.ndarray:
    row = int(np.flatnonzero(view.breast_mask.any(axis=1)).mean())
    nipple = np.flatnonzero(view.breast_mask[row])
    edge = nipple[-1] if view.laterality is Laterality.LEFT else nipple[0] - 24
    pixels[row - 4 : row + 4, edge : edge + 24] = 1
    return pixels


def with_a_white_frame(pixels: np.ndarray, _view: PhantomView) -> np.ndarray:
    pixels[:6], pixels[-6:], pixels[:, :6], pixels[:, -6:] = 1, 1, 1, 1
    return pixels


def with_a_black_frame(pixels: np.ndarray, _view: PhantomView) -> np.ndarray:
    pixels[:5], pixels[-5:], pixels[:, :5], pixels[:, -5:] = 0, 0, 0, 0
    return pixels


def with_white_edges_above_and_below(pixels: np.ndarray, _view: PhantomView) -> np.ndarray:
    pixels[:4], pixels[-4:] = 1, 1
    return pixels


def with_a_white_edge_beside_the_air(pixels: np.ndarray, view: PhantomView) -> np.ndarray:
    pixels[:, away_from_the_wall(view, 0, 6)] = 1
    return pixels


def with_film_along_the_chest_wall(pixels: np.ndarray, view: PhantomView) -> np.ndarray:
    wall = slice(0, 12) if view.laterality is Laterality.LEFT else slice(-12, None)
    pixels[:, wall] = np.maximum(pixels[:, wall], 0.5)
    return pixels


def on_film(pixels: np.ndarray, view: PhantomView) -> np.ndarray:
    base = np.random.default_rng(0).normal(0.12, 0.02, pixels.shape)
    return np.where(view.breast_mask, 0.15 + 0.85 * pixels, base)


def on_an_uneven_background(pixels: np.ndarray, view: PhantomView) -> np.ndarray:
    return np.where(view.breast_mask, 0.2 + 0.8 * pixels, np.linspace(0, 0.15, pixels.shape[1]))


def scratched(pixels: np.ndarray, _view: PhantomView) -> np.ndarray:
    pixels[:, pixels.shape[1] // 2] = 1
    return pixels


def faint(pixels: np.ndarray, _view: PhantomView) -> np.ndarray:
    return pixels * 0.06


# What is bent, and how much of the frame lies over the breast and so is not part of it.
BENDS: dict[str, tuple[Bend, int]] = {
    bend.__name__: (bend, hidden)
    for bend, hidden in (
        (with_tags, 0),
        (with_a_tag_that_touches, 0),
        (with_a_white_frame, 6),
        (with_a_black_frame, 5),
        (with_white_edges_above_and_below, 0),
        (with_a_white_edge_beside_the_air, 0),
        (with_film_along_the_chest_wall, 0),
        (on_film, 0),
        (on_an_uneven_background, 0),
        (scratched, 0),
        (faint, 0),
    )
}


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("seed", range(3))
def test_the_mask_is_the_true_one_in_all_views(tmp_path, seed, photometric):
    exam = make_phantom_exam(seed, rows=320, columns=260, spacing=(0.8, 0.8))
    for view, file in zip(exam.views, write_phantom_exam(exam, tmp_path, photometric=photometric), strict=True):
        assert overlap(mask_of(as_meta_tensor(read_mammogram(file))), view.breast_mask) > 0.95


@pytest.mark.parametrize("grid", ["isotropic", "flat pixels", "tall pixels"])
def test_the_mask_is_the_true_one_whatever_the_pixels_are_like(exams, tensor_of, grid):
    for view in exams[grid].views:
        assert overlap(mask_of(tensor_of(view.pixels)), view.breast_mask) > 0.95


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("inverted", [False, True], ids=["", "inverted"])
def test_the_mask_survives_what_else_images_show(a_view, tmp_path, bend, inverted):
    change, hidden = BENDS[bend]
    pixels = np.clip(change(a_view.pixels.copy(), a_view), 0, 1)
    stored = np.rint((1 - pixels if inverted else pixels) * 65535).astype(np.uint16)
    Image.fromarray(stored).save(tmp_path / "image.png")
    truth = a_view.breast_mask.copy()
    if hidden:
        truth[:hidden], truth[-hidden:], truth[:, :hidden], truth[:, -hidden:] = False, False, False, False
    assert overlap(mask_of(as_meta_tensor(read_mammogram(tmp_path / "image.png"))), truth) > 0.93


@pytest.mark.slow
def test_the_breast_of_each_cbis_ddsm_film_is_found():
    """No true masks are known; these hold for every breast that lies at one side of its film."""
    for path in cbis_ddsm_files():
        mammogram = read_mammogram(path)
        mask = mask_of(as_meta_tensor(mammogram))
        if mammogram.header.laterality is Laterality.RIGHT:
            mask = mask[:, ::-1]
        columns = np.flatnonzero(mask.any(axis=0))
        assert 0.1 < mask.mean() < 0.5
        assert columns[0] < 0.05 * mask.shape[1], "it reaches the chest wall"
        assert columns[-1] < 0.8 * mask.shape[1], "it leaves out the tag in the far corner"
        pixels = mammogram.pixels[:, ::-1] if mammogram.header.laterality is Laterality.RIGHT else mammogram.pixels
        inner = slice(round(0.06 * mask.shape[1]), -round(0.06 * mask.shape[1]))  # without the film's own edges
        rows = slice(round(0.03 * mask.shape[0]), -round(0.03 * mask.shape[0]))
        assert np.median(pixels[rows, inner][mask[rows, inner]]) > 3 * np.median(
            pixels[rows, inner][~mask[rows, inner]]
        )


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((200, 160)),
        np.random.default_rng(0).normal(0.5, 0.01, (200, 160)),
        np.pad(np.ones((12, 24)), ((8, 180), (100, 36))),
        np.pad(np.ones((200, 3)), ((0, 0), (0, 157))),
    ],
    ids=["black", "noise", "only a tag", "only an edge"],
)
def test_an_image_without_breast_is_refused(tensor_of, mammogram_of, pixels):
    header = mammogram_of(np.eye(64)).header
    image = MetaTensor(torch.from_numpy(pixels.astype(np.float32))[None], meta={HEADER: header})
    with pytest.raises(
        UnsupportedMammogramError, match=r"^image\.dcm: no breast is visible; give a whole-breast view$"
    ):
        BreastMask()(image)


@pytest.mark.parametrize("shape", [(40, 32), (120, 96), (97, 131), (300, 35)], ids=str)
def test_a_mask_is_enlarged_as_by_torch_to_the_pixel(shape):
    y, x = np.indices((40, 32))
    small = (np.hypot(y - 19, 0.7 * x) < 17) & ~((y > 30) & (x < 4))
    torch_s = torch.nn.functional.interpolate(
        torch.from_numpy(small.astype(np.float32))[None, None], size=shape, mode="bilinear", align_corners=False
    )
    np.testing.assert_array_equal(enlarged(small, shape), torch_s[0, 0].numpy() > 0.5)


@pytest.mark.parametrize("radius", [2, 4])
def test_thin_bridges_are_opened_as_by_scipy(radius):
    bumps = ndimage.gaussian_filter(np.random.default_rng(radius).standard_normal((60, 40)), 2.0)
    mask = bumps > np.quantile(bumps, 0.2)
    eroded = ndimage.binary_erosion(mask, disk(radius), border_value=1)
    opened = ndimage.binary_dilation(eroded, disk(radius))
    assert opened.any()
    assert (opened != mask).any()
    assert np.array_equal(_opened(mask, radius), opened)


def test_a_mask_is_true_and_false_on_the_image_s_grid_and_tells_its_shares(a_view, tensor_of):
    image = tensor_of(a_view.pixels)
    data = BreastMaskd()({Keys.IMAGE: image})
    mask = data[Keys.BREAST_MASK]
    assert data[Keys.IMAGE] is image
    assert (mask.shape, mask.dtype) == (image.shape, torch.bool)
    assert mask.meta[BREAST_SHARE] == pytest.approx(float(mask.float().mean()), abs=0.01)
    assert mask.meta[BREAST_HEIGHT] == pytest.approx(float(mask[0].any(dim=1).float().mean()), abs=0.01)


def test_holes_are_breast(a_view):
    image = a_view.pixels.copy()
    rows, columns = (int(places.mean()) for places in np.nonzero(a_view.breast_mask))
    image[rows - 10 : rows + 10, columns - 10 : columns + 10] = 0
    mask = segment_breast(image)
    assert mask is not None
    assert mask[rows - 10 : rows + 10, columns - 10 : columns + 10].all()
