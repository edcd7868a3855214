from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammolens.calibration.fusion import breast_score, exam_score
from mammolens.config import FusionConfig

SCORES = st.lists(st.floats(-50, 50), min_size=1, max_size=4)


def test_one_word_stands_for_views_and_breasts():
    assert FusionConfig.model_validate("max") == FusionConfig(views="max", breasts="max")
    assert FusionConfig.model_validate("mean") == FusionConfig()


@pytest.mark.parametrize(
    ("fusion", "breast", "exam"),
    [
        (FusionConfig(), 1.5, 2.0),
        (FusionConfig(views="max"), 2.0, 2.0),
        (FusionConfig(breasts="max"), 1.5, 3.0),
        (FusionConfig(breasts="max", asymmetry=0.5), 1.5, 4.0),
        (FusionConfig(asymmetry=2.0), 1.5, 6.0),
    ],
    ids=str,
)
def test_scores_are_fused_as_the_configuration_says(fusion, breast, exam):
    assert breast_score([1.0, 2.0], fusion) == breast
    assert exam_score([3.0, 1.0], fusion) == exam


@given(SCORES, st.floats(0, 10))
def test_the_difference_adds_nothing_to_one_breast_and_never_takes_away(scores, weight):
    plain, weighted = FusionConfig(breasts="max"), FusionConfig(breasts="max", asymmetry=weight)
    assert exam_score(scores[:1], weighted) == scores[0]
    assert exam_score(scores, weighted) >= exam_score(scores, plain)


@given(SCORES, st.floats(-20, 20), st.floats(0, 10))
def test_a_shift_of_all_scores_shifts_the_exam_s(scores, shift, weight):
    """So that what raises both breasts alike is not an asymmetry."""
    fusion = FusionConfig(breasts="max", asymmetry=weight)
    shifted = exam_score([score + shift for score in scores], fusion)
    assert shifted == pytest.approx(exam_score(scores, fusion) + shift, abs=1e-6)


def test_it_is_told_in_words():
    assert str(FusionConfig()) == "mean of a breast's views, the mean of the breasts"
    words = "mean of a breast's views, the higher breast + 0.5 x their difference"
    assert str(FusionConfig(breasts="max", asymmetry=0.5)) == words
