from __future__ import annotations

import pytest

from mammolens.enums import FindingAnatomy
from mammolens.inference.finding_text import ANATOMY, describe_findings
from mammolens.types import Finding

SHARE = "more anomalous than the strongest finding of 83 % of normal exams"
A_FINDING = Finding(
    contour=[(3.5, 4.0), (9.5, 4.0), (9.5, 9.0), (3.5, 4.0)],
    bounding_box=(4, 4, 9, 9),
    area_pixels=1234,
    area_mm2=141.7,
    peak=4.5,
    peak_location=(6, 6),
    mean=3.0,
    level="high",
    percentile=83.7,
    position="outer",
    position_guessed=False,
    depth="middle",
    skin_distance_mm=12.3,
    nipple_distance_mm=None,
    anatomy=None,
)


@pytest.fixture(scope="module")
def a_record(a_predictor, an_exam):
    return a_predictor.predict(an_exam[0]).record.model_copy(update={"laterality": "L", "view": "CC"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, f"1: L CC, outer, middle third, 142 mm2, high, {SHARE}"),
        ({"position_guessed": True}, f"1: L CC, probably outer, middle third, 142 mm2, high, {SHARE}"),
        ({"position": None}, f"1: L CC, middle third, 142 mm2, high, {SHARE}"),
        ({"area_mm2": None}, f"1: L CC, outer, middle third, 1234 pixels, high, {SHARE}"),
        ({"nipple_distance_mm": 51.6}, f"1: L CC, outer, middle third, 52 mm from the nipple, 142 mm2, high, {SHARE}"),
        (
            {"nipple_distance_mm": 8.0, "anatomy": "nipple"},
            f"1: L CC, outer, middle third, at the nipple, 142 mm2, high, {SHARE}",
        ),
        (
            {"nipple_distance_mm": 131.2, "anatomy": "axilla"},
            "1: L CC, outer, middle third, in the axilla (perhaps a lymph node), 131 mm from the nipple, 142 mm2, "
            f"high, {SHARE}",
        ),
    ],
)
def test_a_finding_is_said_as_a_radiologist_would(a_record, changes, words):
    record = a_record.model_copy(update={"findings": [A_FINDING.model_copy(update=changes)], "findings_left_out": 0})
    assert describe_findings(record) == [words]


def test_there_are_words_for_all_anatomy():
    assert set(ANATOMY) == set(FindingAnatomy)


def test_what_is_not_known_of_the_image_is_left_out(a_record):
    record = a_record.model_copy(update={"findings": [A_FINDING], "view": None, "laterality": None})
    assert describe_findings(record)[0] == f"1: outer, middle third, 142 mm2, high, {SHARE}"


def test_findings_are_numbered_and_those_left_out_are_counted(a_record):
    record = a_record.model_copy(update={"findings": [A_FINDING, A_FINDING], "findings_left_out": 4})
    lines = describe_findings(record)
    assert [line[:2] for line in lines[:2]] == ["1:", "2:"]
    assert lines[2] == "and 4 more with lower peaks"
    assert describe_findings(record.model_copy(update={"findings": [], "findings_left_out": 0})) == []
