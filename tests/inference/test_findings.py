from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.draw import polygon2mask

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import CalibrationConfig, FindingsConfig
from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind
from mammolens.enums import AttributeSource, Laterality, SpacingSource, ViewPosition
from mammolens.inference.findings import find_findings, numbers_by_strength, numbers_in_exams
from mammolens.inference.landmarks import Landmarks, find_landmarks
from mammolens.types import Finding, ImageHeader, PixelSpacing

LEVELS = {"low": 1.0, "moderate": 2.0, "high": 3.0}
EVERYTHING = FindingsConfig(maximum=100, smallest_mm2=0, smallest_share=0)
GRIDS = [(320, 260, (0.8, 0.8)), (512, 208, (0.5, 1.0)), (205, 416, (1.25, 0.5))]
HEADER = ImageHeader(
    Path("image.dcm"),
    "1.2",
    "patient",
    "exam",
    laterality=Laterality.LEFT,
    laterality_source=AttributeSource.HEADER,
    view=ViewPosition.CC,
    view_source=AttributeSource.HEADER,
)
LANDMARKS = Landmarks((1.0, 1.0), nipple=(20.0, 29.0))
A_BREAST = np.ones((40, 30), dtype=bool)


def spaced(between_rows: float, between_columns: float) -> PixelSpacing:
    return PixelSpacing(between_rows, between_columns, SpacingSource.PIXEL_SPACING)


def shoelace(contour: list[tuple[float, float]]) -> float:
    x, y = np.array(contour).T
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2


def found(anomaly_map: np.ndarray, config: FindingsConfig = EVERYTHING, **header: object) -> list[Finding]:
    breast = np.ones(anomaly_map.shape, dtype=bool)
    return all_found(anomaly_map, breast, replace(HEADER, **header), config)[0]


def all_found(
    anomaly_map: np.ndarray,
    breast: np.ndarray,
    header: ImageHeader,
    config: FindingsConfig = EVERYTHING,
    landmarks: Landmarks = LANDMARKS,
) -> tuple[list[Finding], int]:
    return find_findings(anomaly_map.astype(np.float32), breast, header, LEVELS, config, lambda: landmarks, percentile)


def percentile(peak: float) -> float:
    return min(20 * peak, 99.0)


def header_of(view: PhantomView, spacing: tuple[float, float]) -> ImageHeader:
    return replace(HEADER, laterality=view.laterality, view=view.view, spacing=spaced(*spacing))


@pytest.mark.parametrize(("rows", "columns", "spacing"), GRIDS, ids=["isotropic", "flat pixels", "tall pixels"])
def test_a_known_mass_is_one_finding_of_its_very_area_and_place(rows, columns, spacing):
    masses = [PhantomLesion(PhantomLesionKind.MASS, side, diameter=24.0) for side in Laterality]
    exam = make_phantom_exam(3, lesions=masses, rows=rows, columns=columns, spacing=spacing)
    for view in exam.views:
        # Its body: spicules thinner than a pixel come apart.
        bodies, _ = ndimage.label(view.lesion_mask, structure=np.ones((3, 3)))
        mass = bodies == 1 + np.bincount(bodies.ravel())[1:].argmax()
        anomaly_map = np.where(mass, 2.5, 0.0).astype(np.float32)
        findings, left_out = all_found(anomaly_map, view.breast_mask, header_of(view, spacing))
        (finding,) = findings
        filled = ndimage.binary_fill_holes(mass)
        assert left_out == 0
        assert finding.area_pixels == filled.sum()
        assert finding.area_mm2 == pytest.approx(filled.sum() * spacing[0] * spacing[1], abs=0.01)
        where = np.nonzero(filled)
        assert finding.bounding_box == (where[1].min(), where[0].min(), where[1].max(), where[0].max())
        outline = np.array(finding.contour)[:, ::-1]
        covered = polygon2mask(filled.shape, outline)
        assert (covered & filled).sum() / (covered | filled).sum() > 0.85


def test_the_numbers_of_a_finding_are_those_of_its_region():
    heat = np.zeros((40, 30))
    heat[10:16, 5:15] = 2.0
    heat[12, 8] = 3.5
    (finding,) = found(heat, spacing=spaced(0.5, 0.2))
    assert (finding.peak, finding.peak_location, finding.level) == (3.5, (8, 12), "high")
    assert finding.mean == pytest.approx((59 * 2.0 + 3.5) / 60)
    assert (finding.area_pixels, finding.area_mm2) == (60, pytest.approx(6.0))
    assert finding.bounding_box == (5, 10, 14, 15)
    assert set(finding.contour) <= {(x, y) for x in (4.5, 5, 14, 14.5) for y in (9.5, 10, 15, 15.5)}, (
        "a rectangle needs no vertices along its sides"
    )


def test_the_level_is_the_highest_that_the_peak_reaches_and_a_level_begins_at_its_value():
    for peak, level in ((2.0, "moderate"), (2.99, "moderate"), (3.0, "high")):
        heat = np.zeros((20, 20))
        heat[5:9, 5:9] = peak
        assert [finding.level for finding in found(heat)] == [level]
    assert found(np.full((20, 20), 1.99)) == []


def test_without_spacing_nothing_is_given_in_mm():
    heat = np.zeros((20, 20))
    heat[5:9, 5:9] = 3
    (finding,) = found(heat)
    assert (finding.area_mm2, finding.skin_distance_mm, finding.nipple_distance_mm) == (None, None, None)
    assert finding.area_pixels == 16


def test_findings_come_by_their_peaks_and_the_number_of_the_others_is_told():
    heat = np.zeros((40, 30), dtype=np.float32)
    for number, peak in enumerate((2.1, 4.0, 3.0, 2.5)):
        heat[3 + 9 * number : 8 + 9 * number, 4:10] = peak
    findings, left_out = all_found(heat, A_BREAST, HEADER, FindingsConfig(maximum=3))
    assert [finding.peak for finding in findings] == [4.0, 3.0, 2.5]
    assert left_out == 1
    assert all_found(heat, A_BREAST, HEADER, FindingsConfig(maximum=0)) == ([], 4)


def test_what_is_too_small_is_no_finding_in_mm2_or_as_a_share_of_the_breast():
    heat = np.zeros((40, 30), dtype=np.float32)
    heat[5:7, 5:10] = heat[20, 20] = 3
    config = FindingsConfig(smallest_mm2=10.0, smallest_share=0.005)
    sizes = {
        spacing: [f.area_pixels for f in all_found(heat, A_BREAST, header, config)[0]]
        for spacing, header in (
            ("none", HEADER),
            ("1 x 1", replace(HEADER, spacing=spaced(1, 1))),
            ("1 x 0.9", replace(HEADER, spacing=spaced(1, 0.9))),
        )
    }
    assert sizes == {"none": [10], "1 x 1": [10], "1 x 0.9": []}


def test_a_level_of_ones_own_begins_lower():
    heat = np.full((20, 20), 0.0)
    heat[5:9, 5:9] = 1.5
    assert found(heat) == []
    assert [f.level for f in found(heat, EVERYTHING.model_copy(update={"level": "low"}))] == ["low"]


def test_a_ring_is_one_finding_with_what_it_surrounds():
    rows, columns = np.mgrid[:40, :40]
    away = np.hypot(rows - 20, columns - 20)
    heat = np.where((away < 12) & (away > 6), 2.5, 0.0)
    heat[20, 20] = 5.0
    (finding,) = found(heat)
    assert finding.area_pixels == (away < 12).sum()
    assert finding.peak_location == (20, 20)


def test_regions_that_touch_at_a_corner_are_one():
    heat = np.zeros((20, 20))
    heat[5:9, 5:9] = heat[9:12, 9:12] = 3
    (finding,) = found(heat)
    assert finding.area_pixels == 25
    assert shoelace(finding.contour) == pytest.approx(25, rel=0.1)


def test_a_region_may_reach_the_edge_of_the_image():
    heat = np.full((10, 12), 3.0)
    (finding,) = found(heat)
    assert finding.bounding_box == (0, 0, 11, 9)
    assert min(x for x, _ in finding.contour) == min(y for _, y in finding.contour) == -0.5
    assert max(x for x, _ in finding.contour) == 11.5
    assert shoelace(finding.contour) == pytest.approx(120, abs=0.6)


@st.composite
def blobs(draw: st.DrawFn) -> np.ndarray:
    """Maps with smooth regions of all shapes."""
    seed, coarse = draw(st.integers(0, 2**32 - 1)), draw(st.floats(1.5, 8))
    shape = draw(st.integers(12, 90)), draw(st.integers(12, 90))
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), coarse)
    return (2 + 3 * noise / noise.std() * draw(st.floats(0.2, 2)) - draw(st.floats(0, 2))).astype(np.float32)


@pytest.mark.slow
@settings(max_examples=60)
@given(anomaly_map=blobs())
def test_contours_are_closed_simple_and_enclose_the_area(anomaly_map):
    findings = found(anomaly_map)
    assert bool(findings) == bool((anomaly_map >= 2).any())
    for finding in findings:
        contour = finding.contour
        assert contour[0] == contour[-1]
        assert 4 <= len(contour) <= 65
        steps = np.diff(np.array(contour), axis=0)
        length = float(np.hypot(*steps.T).sum())
        tolerance = max(0.3, 0.005 * finding.area_pixels**0.5)
        assert abs(shoelace(contour) - finding.area_pixels) <= 0.5 + tolerance * length
        left, top, right, bottom = finding.bounding_box
        assert all(left - 0.5 <= x <= right + 0.5 and top - 0.5 <= y <= bottom + 0.5 for x, y in contour)
        column, row = finding.peak_location
        assert anomaly_map[row, column] == np.float32(finding.peak)


@settings(max_examples=30)
@given(anomaly_map=blobs())
def test_no_pixel_above_the_level_is_lost(anomaly_map):
    regions = sum(finding.area_pixels for finding in found(anomaly_map))
    assert regions == ndimage.binary_fill_holes(anomaly_map >= 2).sum()


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), number=st.integers(0, 3))
def test_a_mirrored_image_has_mirrored_findings_in_the_same_words(seed, number):
    mass = [PhantomLesion(PhantomLesionKind.MASS, side) for side in Laterality]
    view = make_phantom_exam(seed, lesions=mass, rows=160, columns=130, spacing=(1.6, 1.6)).views[number]
    other = Laterality.LEFT if view.laterality is Laterality.RIGHT else Laterality.RIGHT
    header = header_of(view, (1.6, 1.6))
    # No two pixels alike, so that the mirrored map has its highest one at the mirrored place.
    ranks = np.random.default_rng(seed).permutation(view.pixels.size).reshape(view.pixels.shape)
    heat = np.where(view.lesion_mask, 2.5 + ranks / ranks.size, 0).astype(np.float32)
    turned = slice(None, None, 1 if view.laterality is Laterality.LEFT else -1)
    marks = find_landmarks(view.pixels[:, turned], view.breast_mask[:, turned], view.view, (1.6, 1.6))
    turned_marks = marks.moved(lambda points: points * (1, -1) + (0, 129), (1.6, 1.6))
    if view.laterality is Laterality.RIGHT:
        marks, turned_marks = turned_marks, marks
    (one, *_), _ = all_found(heat, view.breast_mask, header, landmarks=marks)
    (mirrored, *_), _ = all_found(
        heat[:, ::-1], view.breast_mask[:, ::-1], replace(header, laterality=other), landmarks=turned_marks
    )
    said = ("area_mm2", "position", "position_guessed", "depth", "level", "peak", "skin_distance_mm")
    said += ("nipple_distance_mm", "anatomy")
    assert [getattr(one, name) for name in said] == [getattr(mirrored, name) for name in said]
    left, top, right, bottom = one.bounding_box
    last = heat.shape[1] - 1
    assert mirrored.bounding_box == (last - right, top, last - left, bottom)
    assert shoelace(mirrored.contour) == pytest.approx(shoelace(one.contour), rel=0.2)


def test_a_saturated_map_at_a_level_just_above_one_has_no_finding():
    peaks = NormalImage(patient=0, view=None, acquisition_group=None, raw_score=0, pred_score=0, map_peak=1.0)
    images = tuple(peaks.model_copy(update={"patient": patient}) for patient in range(40))
    exam = NormalExam(patient=0, acquisition_group=None, exam_score=0, asymmetry=None)
    levels = Calibration(images, (exam,), CalibrationConfig()).levels()
    nothing = find_findings(np.ones((40, 30), np.float32), A_BREAST, HEADER, levels, EVERYTHING, not_asked, percentile)
    assert nothing == ([], 0)


def test_landmarks_are_looked_for_only_where_there_is_a_finding():
    heat = np.zeros((40, 30), dtype=np.float32)
    assert find_findings(heat, A_BREAST, HEADER, LEVELS, EVERYTHING, not_asked, percentile) == ([], 0)
    heat[20, 20] = 3
    large = FindingsConfig(smallest_share=0.5)
    assert find_findings(heat, A_BREAST, HEADER, LEVELS, large, not_asked, percentile) == ([], 0)


def not_asked() -> Landmarks:
    raise AssertionError("landmarks are not needed")


def test_a_finding_names_what_lies_at_its_peak_and_how_far_off_the_nipple_is():
    heat = np.zeros((40, 30))
    heat[5:9, 5:9] = heat[18:22, 20:24] = 2.5
    heat[6, 6] = heat[20, 21] = 3
    in_breast, at_nipple = sorted(found(heat, spacing=spaced(1, 1)), key=lambda finding: finding.peak_location)
    assert (in_breast.nipple_distance_mm, in_breast.anatomy) == (pytest.approx(np.hypot(14, 23), abs=0.05), None)
    assert (at_nipple.nipple_distance_mm, at_nipple.anatomy) == (8.0, "nipple")


def test_the_findings_of_an_exam_are_numbered_by_their_peaks():
    def findings(*peaks):
        return [Finding.model_construct(peak=peak) for peak in peaks]

    assert numbers_by_strength([findings(9.0, 2.0), [], findings(5.0, 2.0)]) == [[1, 3], [], [2, 4]]
    records = [
        SimpleNamespace(patient=patient, exam="1", findings=findings(peak))
        for patient, peak in (("A", 2.0), ("B", 7.0), ("A", 9.0))
    ]
    assert numbers_in_exams(records) == [[2], [1], [1]]


def test_a_part_of_the_map_gives_the_findings_of_the_whole():
    heat = np.zeros((40, 30), np.float32)
    heat[12:20, 9:16], heat[25:30, 20:28], heat[15, 12] = 2.5, 2.2, 0
    whole = all_found(heat, A_BREAST, HEADER)
    part = find_findings(
        heat[10:33, 5:29], A_BREAST, HEADER, LEVELS, EVERYTHING, lambda: LANDMARKS, percentile, corner=(10, 5)
    )
    assert len(whole[0]) == 2
    assert part == whole
