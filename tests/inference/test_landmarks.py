from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammolens.config import PreprocessingConfig
from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.enums import Laterality, SpacingSource, ViewPosition
from mammolens.inference.landmarks import Landmarks, find_landmarks, landmarks_of
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import ImageHeader, Mammogram, PixelSpacing

GRIDS = {  # rows, columns, mm between rows and between columns
    "isotropic": (320, 260, (0.8, 0.8)),
    "flat pixels": (512, 208, (0.5, 1.0)),
    "tall pixels": (205, 416, (1.25, 0.5)),
}
SHOWS_ITS_MUSCLE = 11  # seed of a fatty phantom
NIPPLE = 2.0  # mm from the skin to the middle of a phantom's nipple
PIPELINES = pytest.mark.parametrize(
    "pipeline",
    [
        Pipeline(PreprocessingConfig(grid="pixel_size", pixel_size_mm=0.75, size=416, margin=0.0)),
        Pipeline(PreprocessingConfig(grid="square", size=256, margin=0.02)),
    ],
    ids=["pixel size", "square"],
)


def found(view: PhantomView, pixel_size: tuple[float, float], stated: ViewPosition | None = None) -> Landmarks:
    turned = slice(None, None, 1 if view.laterality is Laterality.LEFT else -1)
    greys = np.ascontiguousarray(view.pixels[:, turned])
    return find_landmarks(greys, view.breast_mask[:, turned], stated or view.view, pixel_size)


def in_mm(point: tuple[float, float] | None, pixel_size: tuple[float, float]) -> np.ndarray:
    assert point is not None
    return (np.array(point) + 0.5) * pixel_size


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_nipple_of_a_phantom_is_found(seed, grid):
    rows, columns, spacing = GRIDS[grid]
    for view in make_phantom_exam(seed, rows=rows, columns=columns, spacing=spacing).views:
        nipple = in_mm(found(view, spacing).nipple, spacing)
        assert nipple == pytest.approx([view.shape.nipple_row, view.shape.depth + NIPPLE], abs=2.0)


@pytest.mark.parametrize("grid", GRIDS)
def test_a_pectoral_edge_is_right_or_none_is_told(grid):
    rows, columns, spacing = GRIDS[grid]
    edges = 0
    for seed in (0, 3, 4, 8, SHOWS_ITS_MUSCLE):
        for view in make_phantom_exam(seed, rows=rows, columns=columns, spacing=spacing).views[2:]:
            edge = found(view, spacing).pectoral_edge
            if edge is not None:
                edges += 1
                assert in_mm(edge[0], spacing) == pytest.approx([0.0, view.shape.muscle], abs=6.0)
                assert in_mm(edge[1], spacing) == pytest.approx([view.shape.muscle_height, 0.0], abs=10.0)
    assert edges >= 5


def test_the_fold_is_where_the_lower_skin_meets_the_chest_wall():
    spacing = (0.8, 0.8)
    for view in make_phantom_exam(5, rows=320, columns=260, spacing=spacing).views[2:]:
        fold = in_mm(found(view, spacing).inframammary_fold, spacing)
        assert fold == pytest.approx([view.shape.nipple_row + view.shape.half_height, 0.0], abs=2.0)


def test_the_fold_is_the_hollow_between_breast_and_abdomen():
    rows, columns = np.indices((260, 140))
    breast = (((rows - 110) / 90) ** 2 + (columns / 110) ** 2 < 1) | ((rows > 150) & (columns < 30))
    fold = find_landmarks(breast.astype(np.float32), breast, ViewPosition.MLO, (1.0, 1.0)).inframammary_fold
    corner = 110 + 90 * np.sqrt(1 - (30 / 110) ** 2)
    assert fold == pytest.approx([corner, 30], abs=4.0)


def test_a_breast_that_the_lower_edge_cuts_off_shows_no_fold():
    rows, columns = np.indices((150, 140))
    breast = ((rows - 110) / 90) ** 2 + (columns / 110) ** 2 < 1
    assert find_landmarks(breast.astype(np.float32), breast, ViewPosition.MLO, (1.0, 1.0)).inframammary_fold is None


def test_a_flat_nipple_is_the_skin_farthest_from_the_chest_wall_which_is_tilted_in_oblique_views():
    rows, columns = np.indices((220, 140))
    breast = ((rows - 110) / 100) ** 2 + (columns / 100) ** 2 < 1
    from_above, oblique = (
        find_landmarks(breast.astype(np.float32), breast, view, (1.0, 1.0)).nipple
        for view in (ViewPosition.CC, ViewPosition.MLO)
    )
    assert from_above == pytest.approx([110, 99], abs=1.5)
    assert oblique == pytest.approx([110 + 100 * np.sin(np.radians(20)), 100 * np.cos(np.radians(20))], abs=2.0)


def test_views_that_are_not_oblique_have_a_nipple_only():
    view = make_phantom_exam(SHOWS_ITS_MUSCLE, rows=320, columns=260, spacing=(0.8, 0.8)).views[2]
    for stated in (ViewPosition.CC, ViewPosition.ML):
        landmarks = found(view, (0.8, 0.8), stated)
        assert landmarks == Landmarks((0.8, 0.8), landmarks.nipple)


def a_mammogram(view: PhantomView, spacing: tuple[float, float] | None, **header: object) -> Mammogram:
    size = PixelSpacing(*spacing, SpacingSource.PIXEL_SPACING) if spacing else None
    described = ImageHeader(
        Path("image.dcm"), "1.2", "patient", "exam", laterality=view.laterality, view=view.view, spacing=size
    )
    return Mammogram(replace(described, **header), view.pixels.copy())


@PIPELINES
@pytest.mark.parametrize("number", [2, 3], ids=["right", "left"])
def test_landmarks_are_told_on_the_original_grid(pipeline, number):
    spacing = (0.6, 0.5)
    view = make_phantom_exam(SHOWS_ITS_MUSCLE, rows=430, columns=416, spacing=spacing).views[number]
    landmarks = landmarks_of(pipeline.prepare(a_mammogram(view, spacing)), pipeline)
    assert landmarks.pixel_size == spacing

    def from_wall(point: tuple[float, float]) -> np.ndarray:
        row, column = point
        return in_mm((row, column if view.laterality is Laterality.LEFT else 415 - column), spacing)

    assert from_wall(landmarks.nipple) == pytest.approx([view.shape.nipple_row, view.shape.depth + NIPPLE], abs=3.0)
    assert landmarks.pectoral_edge is not None
    assert from_wall(landmarks.pectoral_edge[0]) == pytest.approx([0.0, view.shape.muscle], abs=6.0)
    assert from_wall(landmarks.pectoral_edge[1]) == pytest.approx([view.shape.muscle_height, 0.0], abs=10.0)
    assert landmarks.inframammary_fold is not None
    assert from_wall(landmarks.inframammary_fold) == pytest.approx(
        [view.shape.nipple_row + view.shape.half_height, 0.0], abs=3.0
    )


@PIPELINES
def test_without_spacing_the_assumed_one_is_used(pipeline):
    view = make_phantom_exam(SHOWS_ITS_MUSCLE, rows=320, columns=260, spacing=(0.75, 0.75)).views[3]
    known, assumed = (
        landmarks_of(pipeline.prepare(a_mammogram(view, spacing)), pipeline) for spacing in ((0.75, 0.75), None)
    )
    assert assumed == known, "320 rows of 0.75 mm are the 240 mm that are assumed"


@PIPELINES
def test_of_an_image_that_hangs_upside_down_only_the_nipple_is_told(pipeline):
    view = make_phantom_exam(SHOWS_ITS_MUSCLE, rows=320, columns=260, spacing=(0.8, 0.8)).views[3]
    turned = a_mammogram(view, (0.8, 0.8), patient_orientation=("A", "HL"))
    landmarks = landmarks_of(pipeline.prepare(turned), pipeline)
    assert (landmarks.pectoral_edge, landmarks.inframammary_fold) == (None, None)
