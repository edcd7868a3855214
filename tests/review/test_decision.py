from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from mammolens.enums import BiradsCategory, FindingType, Verdict
from mammolens.errors import RequestError
from mammolens.review.decision import LONGEST_TEXT, Region

from .conftest import decision

TRIANGLE = ((1, 2), (3, 4), (1, 4))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"exam_id": "Jane Doe"}, "exam_id: 'Jane Doe' is not an exam id"),
        ({"images": ()}, "images: is empty"),
        ({"images": ("1.2", "1.2")}, "images: has an image twice"),
        ({"images": ("../x",)}, "is not a SOP Instance UID"),
        ({"verdict": None}, "verdict: must be given or 'undoes', but not both"),
        ({"undoes": UUID(int=1)}, "verdict: must be given or 'undoes'"),
        ({"reviewer": ""}, "reviewer: is empty; say who decided"),
        ({"reviewer": "a" * 129}, "reviewer: has 129 characters; use at most 128"),
        ({"comment": "a" * (LONGEST_TEXT + 1)}, "comment: has 2001 characters"),
        ({"comment": "a\0b"}, "comment: contains an invalid character"),
        ({"viewer": "\ud800"}, "viewer: contains an invalid character"),
        ({"time": datetime(2026, 1, 31)}, "time: has no time zone"),  # noqa: DTZ001 - that is the point
        ({"exam_p_value": 1.5}, "exam_p_value: 1.5 is not a share"),
        ({"exam_score": float("nan")}, "exam_score: 'nan' is not a finite number"),
        ({"regions": (Region("1.9", TRIANGLE),)}, "is not an image of the decision"),
        (
            {"regions": (Region("1.2.1", TRIANGLE, FindingType.MASS),)},
            "regions: are assessed, but are not a finding; leave finding_type and birads out, or decide 'finding'",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(given, message):
    with pytest.raises(RequestError) as caught:
        decision(**given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("points", "number"),
    [((), "0 different points"), (((1, 2),), "1 different point"), (((1, 2), (3, 4), (1, 2)), "2")],
)
def test_a_region_is_a_closed_outline(points, number):
    with pytest.raises(RequestError, match=f"regions: a region has {number}.*; draw a closed outline of at least 3"):
        Region("1.2", points)


@pytest.mark.parametrize(
    ("finding_type", "birads", "label"),
    [
        (FindingType.ARCHITECTURAL_DISTORTION, BiradsCategory.LOW_SUSPICION, "Architectural distortion, BI-RADS 4A"),
        (None, BiradsCategory.INCOMPLETE, "BI-RADS 0"),
        (None, None, ""),
    ],
)
def test_a_region_is_assessed_in_words(finding_type, birads, label):
    assert Region("1.2", TRIANGLE, finding_type, birads).label == label


def test_a_region_needs_finite_points():
    with pytest.raises(RequestError, match="not a finite number"):
        Region("1.2", ((1, float("inf")),))


def test_it_is_told_in_utc_and_plain_numbers():
    made = decision(time=datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1))), exam_p_value=1, model="")
    assert made.time == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert made.time.tzinfo is UTC
    assert isinstance(made.exam_p_value, float)
    assert made.model is None


def test_two_decisions_have_two_ids_and_the_time_is_now():
    before = datetime.now(UTC)
    one, other = decision(), decision()
    assert one.decision_id != other.decision_id
    assert before <= one.time <= other.time <= datetime.now(UTC)


def test_its_words_are_what_the_person_said():
    one = decision(model="a", exam_p_value=0.5)
    assert one.content() == decision(model="b").content()
    assert one.content() != decision(verdict=Verdict.FINDING).content()
