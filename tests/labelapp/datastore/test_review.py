from typing import Any

import pytest

from mammolens.enums import Verdict
from mammolens.errors import RequestError
from mammolens.labelapp.datastore.review import check_review, merged, verdict_of


@pytest.mark.parametrize(
    ("info", "verdict"),
    [
        ({"review": {"verdict": "normal"}}, Verdict.NORMAL),
        ({"review": {"status": "normal"}}, Verdict.NORMAL),
        ({"review": {"verdict": "finding", "comment": "upper outer"}}, Verdict.FINDING),
        ({"review": {}}, None),
        ({"review": None}, None),
        ({"review": "normal"}, None),
        ({"review": {"verdict": ["normal"]}}, None),
        ({}, None),
    ],
)
def test_the_verdict_is_read_from_either_spelling(info: dict[str, Any], verdict: Verdict | None) -> None:
    assert verdict_of(info) is verdict


@pytest.mark.parametrize("review", [{"verdict": "norml"}, {"comment": "fine"}, "normal", ["normal"], {"verdict": {}}])
def test_a_mark_that_would_count_for_nothing_is_refused(review: object) -> None:
    with pytest.raises(RequestError, match="normal, finding, poor_quality"):
        check_review({"review": review})


def test_a_mark_is_kept_with_who_when_and_which_model() -> None:
    after = merged({"model": "m-1"}, {"review": {"verdict": "normal"}, "user": "ada"})
    assert after["review"]["verdict"] == "normal"
    assert after["review"]["user"] == "ada"
    assert after["review"]["model"] == "m-1"
    assert after["review"]["ts"] > 0


def test_a_client_cannot_mark_in_another_users_name() -> None:
    after = merged({}, {"review": {"verdict": "normal", "user": "grace", "ts": 0}, "user": "ada"})
    assert after["review"]["user"] == "ada"
    assert after["review"]["ts"] > 0


def test_a_changed_mind_leaves_the_earlier_mark_in_the_history() -> None:
    info = merged(merged({}, {"review": {"verdict": "normal"}}), {"review": {"verdict": "finding"}})
    assert verdict_of(info) is Verdict.FINDING
    assert [review["verdict"] for review in info["reviews"]] == ["normal", "finding"]


def test_an_empty_mark_takes_the_verdict_back() -> None:
    assert verdict_of(merged({"review": {"verdict": "normal"}}, {"review": {}})) is None
    assert verdict_of(merged({"review": {"verdict": "normal"}}, {"review": None})) is None


@pytest.mark.parametrize("key", ["reviews", "earlier"])
@pytest.mark.parametrize("value", [[], None, 5])
def test_the_history_cannot_be_replaced(key: str, value: object) -> None:
    info = merged({"earlier": ["before"]}, {"review": {"verdict": "finding"}})
    assert merged(info, {key: value})[key] == info[key]
    assert len(merged(info, {key: value, "review": {}})["reviews"]) == 2
