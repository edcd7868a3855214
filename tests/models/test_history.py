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
    assert [one.model_copy(update={"previous_hash": None}) for one in history.entries()] == written


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


def _written(tmp_path, count=4):
    history = History(tmp_path / "history.jsonl")
    for number in range(count):
        history.append(entry(EventKind.ADDED, f"v{number}"))
    return history, history.path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [lines[0].replace(b"somebody", b"somebobo"), *lines[1:]],
        lambda lines: lines[1:],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [*lines[:-1], lines[-1].replace(b"somebody", b"somebobo")],
        lambda lines: lines[:-1],
        lambda lines: [],
    ],
    ids=["changed", "first-removed", "removed", "swapped", "inserted", "last-changed", "cut", "emptied"],
)
def test_a_line_that_was_changed_removed_or_inserted_is_found(tmp_path, damage):
    history, lines = _written(tmp_path)
    history.path.write_bytes(b"".join(damage(lines)))
    with pytest.raises(ModelError, match="history.jsonl: .*restore it from a backup"):
        history.entries()


def test_nothing_is_appended_to_a_history_whose_end_was_cut_off(tmp_path):
    history, lines = _written(tmp_path)
    history.path.write_bytes(b"".join(lines[:2]))
    with pytest.raises(ModelError, match="ends at line 2, but its head is of line 4"):
        history.append(entry(EventKind.ADDED, "another"))
    assert history.path.read_bytes() == b"".join(lines[:2])


def test_a_crash_before_the_head_was_written_loses_nothing(tmp_path):
    history, _ = _written(tmp_path)
    head = history.path.with_suffix(".head")
    earlier = head.read_bytes()
    history.append(entry(EventKind.ADDED, "last"))
    head.write_bytes(earlier)
    assert history.entries()[-1].version == "last"
    history.append(entry(EventKind.ADDED, "next"))
    assert len(history.entries()) == 6


def test_lines_of_a_time_without_a_chain_are_continued_by_one(tmp_path):
    history = History(tmp_path / "history.jsonl")
    old = entry(EventKind.ADDED, "old").model_dump_json(exclude={"previous_hash", "checksums"})
    history.path.write_text(f"{old}\n{old}\n")
    history.append(entry(EventKind.ADDED, "new"))
    assert [one.version for one in history.entries()] == ["old", "old", "new"]
    history.path.write_bytes(history.path.read_bytes().replace(b'"old"', b'"odd"'))
    with pytest.raises(ModelError, match="line 3 does not continue the line before it"):
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
