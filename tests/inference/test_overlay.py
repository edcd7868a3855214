from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammolens.inference.overlay import render_overlay
from mammolens.types import AnomalyResult, Finding

LEVELS = {"low": 1.0, "moderate": 2.0, "high": 3.0}
YELLOW, RED, OUTLINE = (255, 237, 120), (189, 0, 38), (120, 220, 255)


def with_map(result: AnomalyResult, anomaly_map: np.ndarray, levels: dict[str, float] = LEVELS) -> AnomalyResult:
    return replace(
        result,
        record=result.record.model_copy(update={"levels": levels, "findings": []}),
        anomaly_map=anomaly_map.astype(np.float32),
    )


@pytest.fixture(scope="module")
def a_result(a_predictor, an_exam):
    return a_predictor.predict(an_exam[0])


@pytest.fixture
def pixels(an_exam):
    return an_exam[0].pixels


def test_nothing_is_drawn_on_a_normal_image(a_result, pixels):
    picture = render_overlay(pixels, with_map(a_result, np.full(pixels.shape, 0.99)))
    assert (picture == picture[..., :1]).all()
    assert picture.min() == 0
    assert picture.max() == 255


def test_heat_is_coloured_where_it_is_and_only_there(a_result, pixels):
    heat = np.zeros(pixels.shape)
    heat[40:60, 30:50] = 3.5
    normal, picture = (render_overlay(pixels, with_map(a_result, each)) for each in (np.zeros(pixels.shape), heat))
    changed = (picture != normal).any(axis=2)
    assert changed[40:60, 30:50].all()
    assert changed.sum() == 400


def test_a_contour_in_its_own_colour_shows_where_a_level_begins(a_result, pixels):
    heat = np.zeros(pixels.shape)
    heat[40:80, 30:70] = 1.5
    heat[50:60, 40:50] = 3.5
    picture = render_overlay(pixels, with_map(a_result, heat))
    assert tuple(picture[40, 50]) == tuple(picture[79, 69]) == YELLOW
    assert tuple(picture[50, 45]) == tuple(picture[59, 49]) == RED


def test_the_image_shows_through_the_highest_heat(a_result, pixels):
    picture = render_overlay(pixels, with_map(a_result, np.full(pixels.shape, 9.0)))[5:-5, 5:-5].astype(float)
    greys = render_overlay(pixels, with_map(a_result, np.zeros(pixels.shape)))[5:-5, 5:-5, 0].astype(float)
    assert np.corrcoef(picture[..., 1].ravel(), greys.ravel())[0, 1] > 0.99


def test_a_large_image_is_shrunk_with_its_heat_in_place(a_result, pixels):
    heat = np.zeros(pixels.shape)
    heat[:, :80] = 3.5
    picture = render_overlay(pixels, with_map(a_result, heat), longest=96).astype(int)
    assert picture.shape == (96, 80, 3)
    coloured = np.ptp(picture, axis=2) > 0
    assert coloured[:, :39].all()
    assert not coloured[:, 41:].any()


@pytest.mark.parametrize("levels", [{"only": 1.0}, {"low": 1.0, "moderate": 2.0, "high": 2.0}])
def test_a_single_level_or_two_that_begin_together_can_be_drawn(a_result, pixels, levels):
    picture = render_overlay(pixels, with_map(a_result, np.full(pixels.shape, 5.0), levels))
    assert np.ptp(picture.astype(int), axis=2).max() > 0


def with_findings(result: AnomalyResult, *boxes: tuple[int, int, int, int]) -> AnomalyResult:
    """Rectangular findings (first column, first row, last column, last row)."""
    findings = [
        Finding(
            contour=[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)],
            bounding_box=(left, top, right, bottom),
            area_pixels=(right - left + 1) * (bottom - top + 1),
            area_mm2=None,
            peak=3.0,
            peak_location=(left, top),
            mean=3.0,
            level="high",
            percentile=83.0,
            position=None,
            position_guessed=False,
            depth="middle",
            skin_distance_mm=None,
            nipple_distance_mm=None,
            anatomy=None,
        )
        for left, top, right, bottom in boxes
    ]
    return replace(result, record=result.record.model_copy(update={"findings": findings}))


def test_a_finding_is_outlined_thinly_and_numbered_beside_it(a_result, pixels):
    plain = with_map(a_result, np.zeros(pixels.shape))
    normal, picture = (render_overlay(pixels, each) for each in (plain, with_findings(plain, (30, 60, 50, 90))))
    changed = (picture != normal).any(axis=2)
    outline = np.zeros(pixels.shape, dtype=bool)
    outline[60:91, 30:51] = True
    outline[61:90, 31:50] = False
    assert (picture[outline] == OUTLINE).all()
    rows, columns = np.nonzero(changed & ~outline)
    assert 3 < len(rows) < 300
    assert rows.max() <= 64
    assert columns.min() > 50


def test_an_outline_lies_where_the_finding_is_in_a_shrunk_picture(a_result, pixels):
    result = with_findings(with_map(a_result, np.zeros(pixels.shape)), (40, 60, 79, 119))
    picture = render_overlay(pixels, result, longest=96)
    rows, columns = np.nonzero((picture == OUTLINE).all(axis=2))
    body = columns < 40  # the number lies to the right
    assert [rows[body].min(), rows[body].max(), columns.min()] == pytest.approx([30, 59, 20], abs=1)


def test_numbers_stay_inside_the_picture_and_differ(a_result, pixels):
    rows, columns = pixels.shape
    boxes = (columns - 20, 0, columns - 1, 20), (0, rows - 20, 20, rows - 1)
    plain = with_map(a_result, np.zeros(pixels.shape))
    one, two = (render_overlay(pixels, with_findings(plain, *order)) for order in (boxes, boxes[::-1]))
    assert one.shape == (rows, columns, 3)
    differs = (one != two).any(axis=2)
    assert differs[:40, -40:].any()
    assert differs[-60:, :60].any()
