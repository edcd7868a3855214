"""The chain against whatever somebody may do with it."""

from __future__ import annotations

import string
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammolens.enums import BiradsCategory, FindingType, Verdict
from mammolens.review.audit import FaultKind, audit
from mammolens.review.chain import Head, Link, entry_of, hash_of, linked
from mammolens.review.decision import Decision, Origin, Region
from mammolens.review.rows import Column, decision_of, row_of

from .conftest import decision

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
UIDS = st.lists(st.text(string.digits, min_size=1, max_size=8), min_size=1, max_size=4, unique=True).map(tuple)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def regions(images: tuple[str, ...], *, assessed: bool) -> st.SearchStrategy[Region]:
    """Any region of these images, with its type and category or without."""
    points = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=5, unique=True).map(tuple)
    stated = (st.none() | st.sampled_from(kind) if assessed else st.none() for kind in (FindingType, BiradsCategory))
    return st.builds(Region, st.sampled_from(images), points, *stated)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    """Any decision that is valid."""
    images = draw(UIDS)
    verdict = draw(st.sampled_from(Verdict))
    return Decision(
        exam_id=draw(st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)),
        images=images,
        verdict=verdict,
        reviewer=draw(TEXT.filter(bool)),
        decision_id=draw(st.uuids()),
        time=draw(st.datetimes(datetime(1970, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        comment=draw(TEXT),
        regions=tuple(draw(st.lists(regions(images, assessed=verdict is Verdict.FINDING), max_size=2))),
        model=draw(st.none() | TEXT),
        calibration=draw(st.none() | TEXT),
        exam_p_value=draw(st.none() | st.floats(0, 1)),
        exam_score=draw(st.none() | NUMBERS),
        viewer=draw(TEXT),
        origin=draw(st.sampled_from(Origin)),
    )


def chained(these, head=None):
    rows, head = [], head or Head()
    for one in these:
        rows.append(linked(row_of(one), head))
        head = Head(rows[-1][Link.SEQUENCE], rows[-1][Link.HASH])
    return rows


@pytest.fixture
def ten():
    return chained(decision(comment=str(number)) for number in range(1, 11))


def numbered_anew(rows):
    return [{**row, Link.SEQUENCE.value: number} for number, row in enumerate(rows, 1)]


def fault_of(rows, *kept):
    fault = audit(rows, kept).fault
    return fault and (fault.kind, fault.sequence)


@pytest.mark.slow
@given(st.lists(decisions(), max_size=5))
@settings(max_examples=100)
def test_a_decision_survives_being_a_row_and_its_chain_is_intact(these):
    rows = chained(these)
    assert [decision_of(row) for row in rows] == these
    assert [entry_of(row).hash for row in rows] == [row[Link.HASH] for row in rows]
    assert audit(rows).is_intact


@pytest.mark.slow
@given(st.lists(decisions(), min_size=1, max_size=5), st.data())
@settings(max_examples=30)
def test_an_edit_of_any_field_of_any_entry_is_named(these, data):
    rows = chained(these)
    place = data.draw(st.integers(0, len(rows) - 1))
    anything = st.none() | TEXT | NUMBERS | st.binary(max_size=5)
    values = data.draw(st.lists(anything, min_size=2, max_size=2, unique=True))
    for column in (*Column, Link.CONTENT, Link.PREVIOUS_HASH, Link.HASH):
        value = next(value for value in values if value != rows[place][column])
        edited = [*rows[:place], {**rows[place], column.value: value}, *rows[place + 1 :]]
        assert fault_of(edited) == (FaultKind.CHANGED, place + 1), column


@given(st.integers(0, 9), st.data())
def test_an_edit_with_its_hash_made_anew_is_named_as_long_as_an_entry_follows(place, data):
    rows = chained(decision(decision_id=uuid.UUID(int=number)) for number in range(11))
    column = data.draw(st.sampled_from([*Column, Link.PREVIOUS_HASH]))
    edited = {**rows[place], column.value: "edited"}
    rows[place] = {**edited, Link.HASH.value: hash_of(edited)}
    expected = max(place, 1) if column is Link.PREVIOUS_HASH else place + 1  # it is the one before that does not fit
    assert fault_of(rows) == (FaultKind.CHANGED, expected)


@given(st.integers(1, 9), st.integers(1, 9))
def test_removed_entries_are_named_whether_the_rest_is_numbered_anew_or_not(first, count):
    rows = chained(decision(decision_id=uuid.UUID(int=number)) for number in range(11))
    count = min(count, 10 - first)
    left = rows[: first - 1] + rows[first - 1 + count :]
    assert fault_of(left) == (FaultKind.REMOVED, first)
    assert fault_of(numbered_anew(left)) == (FaultKind.REMOVED, first)


@given(st.integers(1, 10), st.integers(1, 5))
def test_inserted_entries_are_named(first, count):
    rows = chained(decision(decision_id=uuid.UUID(int=number)) for number in range(10))
    before = Head(first - 1, rows[first - 2][Link.HASH]) if first > 1 else Head()
    forged = chained((decision(comment="forged") for _ in range(count)), before)
    assert fault_of(numbered_anew(rows[: first - 1] + forged + rows[first - 1 :])) == (FaultKind.INSERTED, first)


def test_entries_that_changed_places_are_noticed_at_the_first(ten):
    ten[3], ten[4] = ten[4], ten[3]
    assert audit(numbered_anew(ten)).fault.sequence == 4


def test_a_cut_off_end_shows_by_a_head_that_was_kept_and_only_by_it(ten):
    kept = Head(8, ten[7][Link.HASH])
    assert fault_of(ten[:8], kept) is None
    assert fault_of(ten[:7], kept) == (FaultKind.CUT_OFF, 8)
    assert fault_of(ten[:7]) is None
    assert fault_of([], kept) == (FaultKind.CUT_OFF, 1)


def test_a_ledger_rewritten_to_its_end_shows_by_a_head_that_was_kept(ten):
    kept = [Head(number, ten[number - 1][Link.HASH]) for number in (2, 6, 10)]
    forged = ten[:3] + chained((decision_of(row) for row in ten[4:]), Head(3, ten[2][Link.HASH]))
    assert fault_of(forged) is None
    assert fault_of(forged, *kept) == (FaultKind.REWRITTEN, 6)


def test_it_tells_how_far_it_came(ten):
    found = audit(ten)
    assert (found.entries, found.head) == (10, Head(10, ten[-1][Link.HASH]))
