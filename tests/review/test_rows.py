from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mammolens.errors import RequestError
from mammolens.review.rows import canonical, decision_of, row_of, text_of_time, time_of_text

from .conftest import decision


def test_a_row_holds_plain_values_only():
    assert {type(value) for value in row_of(decision(exam_p_value=0.5)).values()} == {str, float, type(None)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("images", "no list"),
        ("verdict", "perhaps"),
        ("decision_id", "1"),
        ("undoes", "1"),
        ("time", "yesterday"),
        ("time", "2026-01-31T12:00:00"),
        ("regions", '[{"image": "1.2.1"}]'),
        ("regions", '[{"image": "1.2.1", "points": [[1, 2, 3]]}]'),
        ("regions", '[{"image": "1.2.1", "points": [[1, 2], [3, 4], [1, 4]], "finding_type": "lump"}]'),
        ("regions", '[{"image": "1.2.1", "points": [[1, 2], [3, 4], [1, 4]], "birads": 4}]'),
        ("origin", "heaven"),
    ],
)
def test_a_value_that_is_none_is_told_by_its_column_with_the_remedy(column, value):
    with pytest.raises(RequestError, match=f"{column}: .* is invalid; "):
        decision_of({**row_of(decision()), column: value})


def test_times_as_text_sort_as_times_do():
    times = [datetime(2026, 1, 31, 12, 0, 0, 0, UTC), datetime(2026, 1, 31, 12, 0, 0, 1, UTC)]
    texts = [text_of_time(time) for time in times]
    assert texts == sorted(texts) == ["2026-01-31T12:00:00.000000Z", "2026-01-31T12:00:00.000001Z"]
    assert [time_of_text(text) for text in texts] == times


def test_canonical_json_is_one_for_all_and_knows_no_nan():
    assert canonical({"b": 1.0, "a": "\u00e4"}) == '{"a":"\\u00e4","b":1.0}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))
