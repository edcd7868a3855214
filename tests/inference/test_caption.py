from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammolens import RESEARCH_USE_ONLY
from mammolens.inference.caption import annotated, caption_lines, provenance, wrapped
from mammolens.inference.lettering import lettering

FONT = lettering(15)


@pytest.fixture(scope="module")
def a_result(a_predictor, an_exam):
    return a_predictor.predict(an_exam[0])


def saying(result, **changes):
    return replace(result, record=result.record.model_copy(update=changes))


def test_it_says_who_and_how_much_in_words(a_result):
    silent = saying(a_result, quality_flags=[], findings=[], findings_left_out=0)
    said = {"percentile": 97.8, "category": "unusual", "exam_percentile": 99.99, "exam_category": "highly_unusual"}
    lines = caption_lines(saying(silent, patient="P1", exam_decile=10, exam_p_value=0.0001, **said))
    assert lines[0] == f"P1: {'left' if a_result.record.laterality == 'L' else 'right'} {a_result.record.view}"
    assert lines[1:3] == [
        "Exam: Score 10 of 10 (p = 0.0001). Highly unusual: more anomalous than 99 % of normal exams.",
        "Image: Unusual: more anomalous than 97 % of normal images.",
    ]
    assert len(lines) == 4


def test_without_the_exam_it_says_what_follows_from_the_image_alone(a_result):
    silent = saying(a_result, quality_flags=[], findings=[], findings_left_out=0, percentile=97.8, is_anomalous=True)
    silent = saying(silent, category="unusual")
    lines = [
        caption_lines(saying(silent, exam_percentile=number, exam_is_anomalous=flag), with_exam=False)
        for number, flag in ((1.0, False), (99.0, True))
    ]
    assert lines[0] == lines[1]
    assert lines[0][1] == "Image: Unusual: more anomalous than 97 % of normal images."
    assert lines[0][2].startswith("This image alone FLAGGED. The model ")


def test_a_model_that_cannot_flag_an_image_says_so_whatever_the_exam_is(a_result):
    unable = saying(a_result, threshold=None, exam_is_anomalous=True)
    assert caption_lines(unable, with_exam=False)[2].startswith("Cannot be flagged")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"exam_is_anomalous": True, "is_anomalous": False},
            "Exam FLAGGED, this image not flagged. The model ",
        ),
        (
            {"exam_is_anomalous": False, "is_anomalous": True},
            "Exam not flagged, this image FLAGGED. The model ",
        ),
        ({"threshold": None, "exam_is_anomalous": True}, "Exam FLAGGED, this image not flagged"),
        ({"threshold": None}, "Cannot be flagged: the model was calibrated on too few normal patients."),
        ({"laterality": None, "view": None}, "side unknown view unknown"),
        ({"quality_flags": ["view_guessed", "blank"]}, "Note: The view was inferred from the image."),
        ({"quality_flags": ["view_guessed", "blank"]}, "Note: Hardly any breast structure is visible."),
        (
            {"quality_flags": ["out_of_distribution"], "outlying_statistic": "noise higher"},
            "calibrated on (noise higher).",
        ),
        ({"quality_flags": ["unusable_attribute"], "unusable_attributes": ["BitsStored '10'"]}, "(BitsStored '10')."),
        ({"findings_left_out": 7}, "and 7 more with lower peaks"),
    ],
)
def test_it_says_what_the_decision_and_its_weak_points_are(a_result, changes, words):
    assert words in "\n".join(caption_lines(saying(a_result, **changes)))


def test_patients_of_other_scripts_are_told_apart(a_result):
    picture = np.zeros((300, 500, 3), np.uint8)
    captions = [
        np.asarray(annotated(picture, saying(a_result, patient=patient))) for patient in ("病历号", "病历名", "김순")
    ]
    for one, other in ((0, 1), (1, 2)):
        assert captions[one].shape != captions[other].shape or not np.array_equal(captions[one], captions[other])


def test_it_names_the_highest_level_that_is_reached(a_result):
    heat = np.zeros_like(a_result.anomaly_map)
    assert "No region reaches a heat level." in caption_lines(replace(a_result, anomaly_map=heat))[3]
    heat[0, 0] = a_result.record.levels["moderate"]
    assert "Highest heat level: 'moderate'." in caption_lines(replace(a_result, anomaly_map=heat))[3]


def test_the_notice_and_the_model_are_always_there(a_result):
    assert provenance(a_result.record) == f"{RESEARCH_USE_ONLY}. Model {a_result.record.model}."


@given(text=st.text(alphabet="ab W_.", max_size=80), width=st.integers(40, 300))
def test_no_line_is_wider_than_the_sheet_and_no_letter_is_lost(text, width):
    lines = list(wrapped(text, FONT, width))
    assert all(FONT.getlength(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("shape", [(100, 40), (300, 480), (1200, 700)])
def test_the_caption_lies_below_the_picture_and_inside_the_sheet(a_result, shape):
    picture = np.full((*shape, 3), 255, dtype=np.uint8)
    long = saying(a_result, patient="A" * 120, quality_flags=["acquisition_not_calibrated"] * 6)
    sheet = np.asarray(annotated(picture, long))
    assert sheet.shape[1] == max(480, shape[1])
    left = (sheet.shape[1] - shape[1]) // 2
    assert np.array_equal(sheet[: shape[0], left : left + shape[1]], picture)
    written = (sheet[shape[0] :] != sheet[-1, -1]).any(axis=2)
    rows, columns = np.flatnonzero(written.any(axis=1)), np.flatnonzero(written.any(axis=0))
    assert rows[0] > 2
    assert rows[-1] < len(written) - 5
    assert columns[0] > 5
    assert columns[-1] < sheet.shape[1] - 5


def test_the_legend_shows_the_whole_ramp(a_result):
    sheet = np.asarray(annotated(np.zeros((200, 600, 3), dtype=np.uint8), a_result))
    colours = {tuple(colour) for colour in sheet.reshape(-1, 3)}
    assert {(255, 237, 120), (189, 0, 38)} <= {tuple(int(value) for value in colour) for colour in colours}
