from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.enums import (
    AttributeSource,
    FindingAnatomy,
    FindingDepth,
    FindingPosition,
    Laterality,
    SpacingSource,
    ViewPosition,
)
from mammolens.inference.breast_location import BreastLocation
from mammolens.inference.landmarks import Landmarks, find_landmarks
from mammolens.types import ImageHeader, PixelSpacing

ROWS, COLUMNS = np.mgrid[:201, :120]
A_BREAST = ((ROWS - 100) / 90) ** 2 + (COLUMNS / 99.5) ** 2 < 1  # nipple at row 100, column 99; chest wall at the left
HEADER = ImageHeader(
    Path("image.dcm"),
    "1.2",
    "patient",
    "exam",
    laterality=Laterality.LEFT,
    laterality_source=AttributeSource.HEADER,
    view=ViewPosition.CC,
    view_source=AttributeSource.HEADER,
    spacing=PixelSpacing(0.5, 0.25, SpacingSource.PIXEL_SPACING),
)
SIZE = (0.5, 0.25)  # mm between rows and between columns
LANDMARKS = Landmarks(SIZE, nipple=(100.0, 99.0))
OBLIQUE = Landmarks(SIZE, (100.0, 99.0), pectoral_edge=((10.0, 80.0), (110.0, 0.0)), inframammary_fold=(190.0, 0.0))
L, R = Laterality.LEFT, Laterality.RIGHT
CC, MLO = ViewPosition.CC, ViewPosition.MLO


def mirrored(landmarks: Landmarks) -> Landmarks:
    return landmarks.moved(lambda points: points * (1, -1) + (0, 119), landmarks.pixel_size)


def place(landmarks: Landmarks = LANDMARKS, **changes: object) -> BreastLocation:
    header = replace(HEADER, **changes)
    if header.laterality is L:
        return BreastLocation(A_BREAST, header, landmarks)
    return BreastLocation(A_BREAST[:, ::-1], header, mirrored(landmarks))


@pytest.mark.parametrize(("column", "depth"), [(0, "posterior"), (32, "posterior"), (34, "middle"), (65, "middle")])
def test_depth_goes_in_thirds_from_nipple_to_chest_wall(column, depth):
    assert place().depth(column) == depth
    assert place(laterality=R).depth(119 - column) == depth


def test_behind_the_nipple_is_anterior():
    assert place().depth(67) is place().depth(99) is FindingDepth.ANTERIOR


@pytest.mark.parametrize(
    ("laterality", "view", "orientation", "above"),
    [
        (L, CC, ("A", "R"), "outer"),
        (R, CC, ("P", "L"), "outer"),
        (L, CC, ("A", "L"), "inner"),
        (R, ViewPosition.XCCL, ("P", "R"), "inner"),
        (L, MLO, ("A", "FR"), "upper"),
        (R, MLO, ("P", "FL"), "upper"),
        (L, MLO, ("A", "RF"), "upper"),
        (L, ViewPosition.ML, ("A", "F"), "upper"),
        (R, ViewPosition.LM, ("P", "H"), "lower"),
    ],
)
def test_patient_orientation_tells_what_lies_above_the_nipple(laterality, view, orientation, above):
    here = place(laterality=laterality, view=view, patient_orientation=orientation)
    opposite = {"outer": "inner", "inner": "outer", "upper": "lower", "lower": "upper"}[above]
    assert here.position(40) == (above, False)
    assert here.position(160) == (opposite, False)


@pytest.mark.parametrize(("laterality", "view", "above"), [(L, CC, "outer"), (R, CC, "outer"), (R, MLO, "upper")])
def test_without_it_an_image_is_guessed_to_hang_as_usual_and_that_is_said(laterality, view, above):
    assert place(laterality=laterality, view=view).position(40) == (above, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"laterality_source": AttributeSource.GUESSED},
        {"view_source": AttributeSource.GUESSED},
        {"view_source": AttributeSource.UNKNOWN, "view": None},
        {"patient_orientation": ("P", "R")},  # the picture shows the chest wall at the left
        {"patient_orientation": ("F", "A")},
        {"patient_orientation": ("A", "F")},  # from above, nothing points to the feet
    ],
    ids=["side guessed", "view guessed", "no view", "mirrored", "turned", "of another view"],
)
def test_what_cannot_be_known_is_not_said(changes):
    assert place(**changes).position(40) == (None, False)


def test_a_left_breast_with_its_chest_wall_at_the_right_was_turned_or_mirrored_so_nothing_is_said():
    assert BreastLocation(A_BREAST[:, ::-1], HEADER, mirrored(LANDMARKS)).position(40) == (None, False)


def test_at_the_height_of_the_nipple_is_central_whatever_is_known():
    for changes in ({}, {"view_source": AttributeSource.GUESSED}):
        assert place(**changes).position(97) == (FindingPosition.CENTRAL, False)


def test_the_distance_to_the_skin_is_in_mm_and_the_chest_wall_is_no_skin():
    assert place().skin_distance_mm(100, 79) == pytest.approx(20 * 0.25, abs=0.5)
    assert place().skin_distance_mm(100, 0) == pytest.approx(100 * 0.25, abs=0.8)
    assert place().skin_distance_mm(20, 0) == pytest.approx(9.5 * 0.5, abs=1.0)
    assert place(spacing=None).skin_distance_mm(100, 79) is None


@pytest.mark.parametrize("laterality", [L, R])
def test_the_chest_wall_is_no_skin_where_a_film_has_a_border_behind_it(laterality):
    framed, shown = np.pad(A_BREAST, ((0, 0), (7, 0))), LANDMARKS.moved(lambda points: points - (0, -7), SIZE)
    if laterality is R:
        framed, shown = framed[:, ::-1], shown.moved(lambda points: points * (1, -1) + (0, 126), SIZE)
    here = BreastLocation(framed, replace(HEADER, laterality=laterality), shown)
    assert here.skin_distance_mm(100, 7 if laterality is L else 119) == place().skin_distance_mm(100, 0)


def test_a_large_image_is_measured_as_a_small_one():
    large = BreastLocation(
        np.kron(A_BREAST, np.ones((9, 9), dtype=bool)),
        replace(HEADER, spacing=PixelSpacing(0.5 / 9, 0.25 / 9, SpacingSource.PIXEL_SPACING)),
        Landmarks((0.5 / 9, 0.25 / 9), nipple=(904.0, 895.0)),
    )
    for row, column in ((40, 20), (97, 60), (150, 40)):
        assert large.depth(column * 9) is place().depth(column)
        assert large.position(row * 9) == place().position(row)
        assert large.skin_distance_mm(row * 9, column * 9) == pytest.approx(
            place().skin_distance_mm(row, column), abs=0.6
        )


def test_a_phantom_s_nipple_is_found():
    for view in make_phantom_exam(2, rows=256, columns=208, spacing=(1.0, 1.0)).views:
        left = view.laterality is L
        upright = slice(None, None, 1 if left else -1)
        marks = find_landmarks(view.pixels[:, upright], view.breast_mask[:, upright], view.view, (1.0, 1.0))
        if not left:
            marks = marks.moved(lambda points: points * (1, -1) + (0, 207), (1.0, 1.0))
        here = BreastLocation(view.breast_mask, replace(HEADER, laterality=view.laterality, view=view.view), marks)
        columns = np.flatnonzero(view.breast_mask.any(axis=0))
        tip = columns[-1] if view.laterality is L else columns[0]
        nipple = float(np.flatnonzero(view.breast_mask[:, tip]).mean())
        assert here.position(nipple) == (FindingPosition.CENTRAL, False)
        assert here.depth(tip) is FindingDepth.ANTERIOR


def test_the_distance_to_the_nipple_is_in_mm():
    for here, column in ((place(), 59), (place(laterality=R), 119 - 59)):
        assert here.nipple_distance_mm(100, column) == 40 * 0.25
        assert here.nipple_distance_mm(80, column) == pytest.approx(np.hypot(10, 10), abs=0.05)
    assert place(spacing=None).nipple_distance_mm(100, 59) is None


@pytest.mark.parametrize(
    ("row", "column", "anatomy"),
    [
        (100, 70, FindingAnatomy.NIPPLE),
        (120, 95, FindingAnatomy.NIPPLE),
        (60, 44, FindingAnatomy.PECTORAL_EDGE),
        (20, 20, FindingAnatomy.AXILLA),
        (30, 10, FindingAnatomy.AXILLA),
        (70, 5, FindingAnatomy.PECTORAL_MUSCLE),
        (170, 10, FindingAnatomy.INFRAMAMMARY_FOLD),
        (135, 85, FindingAnatomy.SKIN),
        (100, 40, None),
        (140, 30, None),
    ],
)
@pytest.mark.parametrize("laterality", [L, R])
def test_what_lies_at_a_place_by_nature_is_named(laterality, row, column, anatomy):
    here = place(OBLIQUE, laterality=laterality, view=MLO)
    assert here.anatomy(row, column if laterality is L else 119 - column) is anatomy


def test_without_a_muscle_or_a_fold_nothing_is_said_of_them():
    for row, column in ((60, 44), (20, 20), (70, 5), (170, 10)):
        assert place().anatomy(row, column) is (FindingAnatomy.SKIN if row == 20 else None)


def test_anatomy_is_named_without_pixel_spacing_too():
    assert place(OBLIQUE, spacing=None, view=MLO).anatomy(100, 70) is FindingAnatomy.NIPPLE
