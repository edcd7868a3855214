from __future__ import annotations

import hashlib
import json

import pytest

from mammolens.enums import NormalityCategory
from mammolens.errors import LedgerError, RequestError
from mammolens.review.chain import GENESIS, Head, content_of, entry_of, hash_of, linked
from mammolens.review.formats import values_of
from mammolens.review.rows import row_of

from .conftest import decision


def test_a_head_can_be_written_down_and_read_again():
    head = Head(12, "ab" * 32)
    assert Head.parse(f" {head}\n") == head
    for wrong in ("", "12", "12:abc", f"-1:{'a' * 64}", f"12:{'A' * 64}"):
        with pytest.raises(RequestError, match="give NUMBER:HASH"):
            Head.parse(wrong)


def test_the_first_entry_is_tied_to_the_beginning():
    assert entry_of(linked(row_of(decision()), Head())).previous_hash == GENESIS


def test_whoever_reads_docs_decisions_can_check_an_exported_line():
    line = json.dumps(values_of(entry_of(linked(row_of(decision(comment="\u00e4")), Head(7, "cd" * 32)))))

    def canonical(value):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    entry = json.loads(line)
    told = entry.pop("hash")
    place = {name: entry.pop(name) for name in ("sequence", "previous_hash")}
    content = entry.pop("content")
    if content is None:
        if entry["second_confirmation"] is None:
            del entry["second_confirmation"]
        entry["images"], entry["regions"] = canonical(entry["images"]), canonical(entry["regions"])
        content = hashlib.sha256(canonical(entry).encode()).hexdigest()
    assert hashlib.sha256(canonical({**place, "content": content}).encode()).hexdigest() == told


def test_a_second_confirmation_is_covered_and_earlier_entries_keep_their_hashes():
    row = {**linked(row_of(decision()), Head())}
    no_content = {"sequence", "previous_hash", "hash", "content", "second_confirmation"}
    former = {name: value for name, value in row.items() if name not in no_content}
    text = json.dumps(former, sort_keys=True, separators=(",", ":"))
    assert content_of(row) == hashlib.sha256(text.encode()).hexdigest()
    confirmed = {**row, "second_confirmation": "highly_unusual"}
    assert hash_of(confirmed) != row["hash"]
    assert entry_of(confirmed).decision.second_confirmation is NormalityCategory.HIGHLY_UNUSUAL


def test_a_row_without_a_decision_is_an_error_of_the_ledger():
    with pytest.raises(LedgerError, match="entry 1 of the decision ledger: was changed"):
        entry_of({**linked(row_of(decision()), Head()), "images": "{"})
