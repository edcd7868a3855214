from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.dicom.missing_parts import missing_part
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Laterality, QualityFlag
from mammolens.errors import PixelDataError
from mammolens.types import FloatImage

ROWS, COLUMNS = 256, 208
SPACING = {"ImagerPixelSpacing": ["0.1", "0.1"]}
PLACES: dict[str, Callable[[float], tuple[slice, slice]]] = {
    "bottom": lambda share: (slice(round(ROWS * (1 - share)), None), slice(None)),
    "top": lambda share: (slice(round(ROWS * share)), slice(None)),
    "left": lambda share: (slice(None), slice(round(COLUMNS * share))),
    "right": lambda share: (slice(None), slice(round(COLUMNS * (1 - share)), None)),
}


@pytest.fixture(scope="module")
def views() -> list[PhantomView]:
    exams = (make_phantom_exam(seed, rows=ROWS, columns=COLUMNS, spacing=(1, 1)) for seed in range(4))
    return [view for exam in exams for view in exam.views]


def without(pixels: FloatImage, place: str, share: float, grey: float = 0.0) -> FloatImage:
    cut = pixels.copy()
    cut[PLACES[place](share)] = grey
    return cut


def chest_wall(view: PhantomView) -> str:
    return "left" if view.laterality is Laterality.LEFT else "right"


@pytest.mark.parametrize("may_be_film", [False, True])
def test_nothing_is_missing_of_whole_breasts(views, may_be_film):
    assert [missing_part(view.pixels, may_be_film=may_be_film) for view in views] == [None] * len(views)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("place", ["bottom", "top"])
def test_rows_that_are_missing_are_told_by_the_straight_edge(views, place, grey):
    for view in views:
        part = missing_part(without(view.pixels, place, 0.3, grey), may_be_film=True)
        assert part is not None
        assert (part.lines, part.share, part.is_most) == ("rows", pytest.approx(0.3, abs=0.01), False)


@pytest.mark.parametrize("share", [0.5, 0.7])
@pytest.mark.parametrize("place", ["bottom", "top"])
def test_half_of_the_rows_are_most_of_the_breast(views, place, share):
    for view in views:
        part = missing_part(without(view.pixels, place, share), may_be_film=True)
        assert part is not None
        assert part.is_most


def test_rows_missing_in_the_middle_are_told(views):
    for view in views:
        pixels = view.pixels.copy()
        pixels[110:150] = 0
        part = missing_part(pixels, may_be_film=True)
        assert part is not None
        assert (part.lines, part.is_most) == ("rows", False)


def test_a_missing_chest_wall_is_told_where_it_is_no_film_s_margin(views):
    for view in views:
        cut = without(view.pixels, chest_wall(view), 0.2)
        part = missing_part(cut, may_be_film=False)
        assert part is not None
        assert part.lines == "columns"
        assert missing_part(cut, may_be_film=True) is None
        wide = missing_part(without(view.pixels, chest_wall(view), 0.45), may_be_film=True)
        assert wide is not None
        assert wide.lines == "columns"


def test_columns_missing_before_the_nipple_are_told(views):
    for view in views:
        depth = view.breast_mask.any(axis=0).mean()
        place = "right" if chest_wall(view) == "left" else "left"
        part = missing_part(without(view.pixels, place, 1 - 0.6 * depth), may_be_film=True)
        assert part is not None
        assert part.lines == "columns"


def test_margins_frames_and_the_edge_of_a_paddle_are_no_missing_part(views):
    for view in views:
        paddle = view.pixels.copy()
        free = np.flatnonzero(~view.breast_mask.any(axis=0))
        paddle[:, free[len(free) // 2] : free[len(free) // 2] + 3] = 0.4
        assert missing_part(paddle, may_be_film=True) is None
        framed = np.pad(view.pixels, 4, constant_values=1.0)
        collimated = np.pad(view.pixels, ((12, 12), (0, 0)))
        film = np.pad(view.pixels, ((0, 0), (60, 60)))
        for pixels in (framed, collimated, film):
            assert missing_part(pixels, may_be_film=True) is None


def test_a_blank_picture_misses_nothing():
    assert missing_part(np.zeros((80, 72), np.float32), may_be_film=False) is None
    assert missing_part(np.random.default_rng(0).random((80, 72), np.float32), may_be_film=False) is None


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_mammogram_of_which_rows_are_missing_is_flagged_and_refused(stored_phantoms, write_dicom, photometric):
    for number, values in enumerate(stored_phantoms):
        stored = 4095 - values if photometric == "MONOCHROME1" else values
        header = {"PhotometricInterpretation": photometric, "BitsStored": 12, **SPACING}
        path = write_dicom(without(stored, "bottom", 0.3), name=f"{number}.dcm", **header)
        assert QualityFlag.INCOMPLETE_BREAST in read_mammogram(path).header.flags
        path = write_dicom(without(stored, "bottom", 0.6), name=f"{number}.dcm", **header)
        expected = (
            f"{path}: most of the breast is missing: 60% of the rows are empty; transfer or export the image again"
        )
        with pytest.raises(PixelDataError, match=f"^{re.escape(expected)}$"):
            read_mammogram(path)


def test_a_margin_beside_the_chest_wall_is_a_film_s_but_not_a_detector_s(views, write_dicom):
    values = np.rint(without(views[1].pixels, chest_wall(views[1]), 0.2) * 4095).astype(np.uint16)
    header = {"BitsStored": 12, **SPACING}
    assert QualityFlag.INCOMPLETE_BREAST in read_mammogram(write_dicom(values, **header)).header.flags
    film = write_dicom(values, SOPClassUID=uid.SecondaryCaptureImageStorage, **header)
    assert QualityFlag.INCOMPLETE_BREAST not in read_mammogram(film).header.flags


def test_a_picture_whose_rows_are_missing_is_told_through_lossy_compression(views, tmp_path: Path):
    for number, view in enumerate(views):
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(np.rint(255 * without(view.pixels, "top", 0.3)).astype(np.uint8)).save(path, quality=60)
        assert QualityFlag.INCOMPLETE_BREAST in read_mammogram(path).header.flags
