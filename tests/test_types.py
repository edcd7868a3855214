from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from mammolens.enums import QualityFlag, SpacingSource
from mammolens.errors import PixelDataError
from mammolens.types import AnomalyRecord, AnomalyResult, ImageHeader, Mammogram, PixelSpacing

HEADER = ImageHeader(Path("a.dcm"), "1.2.3", "patient", "exam")


@pytest.fixture
def a_ramp() -> np.ndarray:
    return np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(scope="module")
def a_record(a_predictor, an_exam) -> AnomalyRecord:
    return a_predictor.predict(an_exam[0]).record


@pytest.mark.parametrize(("rows", "columns"), [(0, 0.1), (0.1, -0.1), (12, 0.1), (float("nan"), 0.1)])
def test_a_pixel_of_no_mammogram_is_refused(rows, columns):
    with pytest.raises(ValueError, match="is not plausible for a mammogram"):
        PixelSpacing(rows, columns, SpacingSource.PIXEL_SPACING)


@pytest.mark.parametrize(
    ("rows", "columns", "fine"), [(0.1, 0.1, True), (0.3, 0.3, True), (0.35, 0.1, False), (0.1, 0.35, False)]
)
def test_pixels_up_to_a_limit_show_calcifications(rows, columns, fine):
    assert PixelSpacing(rows, columns, SpacingSource.PIXEL_SPACING).shows_calcifications is fine


def test_flags_are_added_once_in_order_of_appearance():
    header = HEADER.flagged(QualityFlag.IMPLANT).flagged(QualityFlag.POOR_HEADER, QualityFlag.IMPLANT)
    assert header.flags == (QualityFlag.IMPLANT, QualityFlag.POOR_HEADER)
    assert HEADER.flags == ()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((3, 4, 1), np.float32),
        np.zeros(4, np.float32),
        np.zeros((3, 4), np.float64),
        np.zeros((3, 4), np.uint16),
    ],
)
def test_pixels_are_a_grey_image_of_float32(wrong):
    with pytest.raises(TypeError, match=r"pixels must be \(rows, cols\) float32"):
        Mammogram(HEADER, wrong)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_pixels_lie_between_air_and_the_densest_tissue(a_ramp, value):
    a_ramp[1, 1] = value
    with pytest.raises(ValueError, match=r"pixels must lie in \[0, 1\]"):
        Mammogram(HEADER, a_ramp)


def test_an_image_of_one_grey_is_refused_with_its_name():
    with pytest.raises(PixelDataError, match="a.dcm: all pixels have the same value"):
        Mammogram(HEADER, np.full((3, 4), 0.5, np.float32))


def test_nobody_can_change_a_mammogram(a_ramp):
    mammogram = Mammogram(HEADER, a_ramp)
    with pytest.raises(ValueError, match="read-only"):
        mammogram.pixels[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        mammogram.header = HEADER


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("p_value", 1.1),
        ("exam_percentile", -1),
        ("pred_score", float("nan")),
        ("threshold", float("inf")),
        ("view", "AP"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(a_record, field, value):
    with pytest.raises(ValidationError):
        AnomalyRecord(**{**a_record.model_dump(), field: value})


def test_a_record_knows_no_further_fields_and_cannot_be_changed(a_record):
    with pytest.raises(ValidationError, match="Extra inputs"):
        AnomalyRecord(**a_record.model_dump(), diagnosis="none")
    with pytest.raises(ValidationError, match="frozen"):
        a_record.p_value = 0.5


def test_the_map_lies_on_the_grid_of_the_image(a_predictor, an_exam):
    result: AnomalyResult = a_predictor.predict(an_exam[0])
    with pytest.raises(ValueError, match="does not lie on the image's grid"):
        replace(result, anomaly_map=result.anomaly_map[:-1])
