from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.enums import AttributeSource, FindingDepth, FindingPosition, Laterality, SpacingSource, ViewPosition
from mammolens.inference.breast_place import BreastPlace
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
L, R = Laterality.LEFT, Laterality.RIGHT
CC, MLO = ViewPosition.CC, ViewPosition.MLO


def place(**changes: object) -> BreastPlace:
    header = replace(HEADER, **changes)
    return BreastPlace(A_BREAST if header.laterality is L else A_BREAST[:, ::-1], header)


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
    assert BreastPlace(A_BREAST[:, ::-1], HEADER).position(40) == (None, False)


def test_at_the_height_of_the_nipple_is_central_whatever_is_known():
    for changes in ({}, {"view_source": AttributeSource.GUESSED}):
        assert place(**changes).position(97) == (FindingPosition.CENTRAL, False)


def test_the_distance_to_the_skin_is_in_mm_and_the_chest_wall_is_no_skin():
    assert place().skin_distance_mm(100, 79) == pytest.approx(20 * 0.25, abs=0.5)
    assert place().skin_distance_mm(100, 0) == pytest.approx(100 * 0.25, abs=0.8)
    assert place().skin_distance_mm(20, 0) == pytest.approx(9.5 * 0.5, abs=1.0)
    assert place(spacing=None).skin_distance_mm(100, 79) is None


def test_a_large_image_is_measured_as_a_small_one():
    large = BreastPlace(
        np.kron(A_BREAST, np.ones((9, 9), dtype=bool)),
        replace(HEADER, spacing=PixelSpacing(0.5 / 9, 0.25 / 9, SpacingSource.PIXEL_SPACING)),
    )
    for row, column in ((40, 20), (97, 60), (150, 40)):
        assert large.depth(column * 9) is place().depth(column)
        assert large.position(row * 9) == place().position(row)
        assert large.skin_distance_mm(row * 9, column * 9) == pytest.approx(
            place().skin_distance_mm(row, column), abs=0.6
        )


def test_a_phantom_s_nipple_is_found():
    for view in make_phantom_exam(2, rows=256, columns=208, spacing=(1.0, 1.0)).views:
        here = BreastPlace(view.breast_mask, replace(HEADER, laterality=view.laterality, view=view.view))
        columns = np.flatnonzero(view.breast_mask.any(axis=0))
        tip = columns[-1] if view.laterality is L else columns[0]
        nipple = float(np.flatnonzero(view.breast_mask[:, tip]).mean())
        assert here.position(nipple) == (FindingPosition.CENTRAL, False)
        assert here.depth(tip) is FindingDepth.ANTERIOR
