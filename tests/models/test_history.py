from __future__ import annotations

import pytest

from mammolens.errors import ModelError
from mammolens.models.history import EventKind, History, HistoryEvent, served


def entry(event, version, previous=None):
    return HistoryEvent(event=event, version=version, previous=previous, by="somebody")


def test_what_is_appended_is_read_back_in_order(tmp_path):
    history = History(tmp_path / "history.jsonl")
    assert history.entries() == ()
    written = [entry(EventKind.ADDED, "a"), entry(EventKind.PROMOTED, "a")]
    for one in written:
        history.append(one)
    assert history.entries() == tuple(written)


def test_a_torn_last_line_counts_as_never_written_and_goes_with_the_next(tmp_path):
    history = History(tmp_path / "history.jsonl")
    history.append(entry(EventKind.ADDED, "a"))
    whole = history.path.read_bytes()
    for length in range(1, len(whole)):
        history.path.write_bytes(whole + whole[:length])
        assert len(history.entries()) == 1
    history.append(entry(EventKind.ADDED, "b"))
    assert [one.version for one in history.entries()] == ["a", "b"]


def test_a_line_that_is_no_entry_is_named(tmp_path):
    history = History(tmp_path / "history.jsonl")
    history.append(entry(EventKind.ADDED, "a"))
    history.path.write_bytes(history.path.read_bytes() + b'{"event": "stolen"}\n')
    with pytest.raises(ModelError, match="line 2 is not an entry"):
        history.entries()


def test_rolling_back_leads_through_what_served_before():
    promoted = [entry(EventKind.PROMOTED, name) for name in ("a", "b", "a")]
    assert served([]) == [None]
    assert served(promoted) == [None, "a", "b", "a"]
    assert served([*promoted, entry(EventKind.ROLLED_BACK, "b")]) == [None, "a", "b"]
    assert served([*promoted, entry(EventKind.ROLLED_BACK, "b"), entry(EventKind.ROLLED_BACK, "a")]) == [None, "a"]


def test_what_was_added_or_refused_never_served():
    assert served([entry(EventKind.ADDED, "a"), entry(EventKind.REFUSED, "a")]) == [None]


def test_what_was_found_corrects_the_line():
    line = [entry(EventKind.PROMOTED, "a"), entry(EventKind.PROMOTED, "b")]
    assert served([*line, entry(EventKind.FOUND, "a")]) == [None, "a"]
    assert served([*line, entry(EventKind.FOUND, "c")]) == [None, "a", "b", "c"]
    assert served([*line, entry(EventKind.FOUND, None)]) == [None]
