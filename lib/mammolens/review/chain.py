"""The hash chain: each entry of the ledger commits to its content, its position and all entries before it.

It commits to the content by a salted digest. Where the content was erased, the digest is left in its place, so the
chain still verifies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mammolens.errors import LedgerError, RequestError
from mammolens.review.decision import Decision
from mammolens.review.rows import Column, Row, canonical, decision_of

GENESIS = "0" * 64
"""In place of a hash before the first entry."""

_ADDED_LATER = (Column.SECOND_CONFIRMATION,)
_DIGEST = re.compile("[0-9a-f]{64}")
_HEAD = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})")


class Link(StrEnum):
    """Columns that tie an entry to the one before it."""

    SEQUENCE = "sequence"
    CONTENT = "content"  # digest of an erased content
    PREVIOUS_HASH = "previous_hash"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the ledger: number and hash of its last entry; kept elsewhere, it shows whether an end was cut off."""

    sequence: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head that was written down as ``sequence:hash``.

        Raises:
            RequestError: it is not a head.
        """
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise RequestError(f"head {text[:80]!a}", "is not a head", "give NUMBER:HASH of 'decisions audit'")
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision with its position in the ledger, counted from 1."""

    sequence: int
    previous_hash: str
    hash: str
    decision: Decision

    @property
    def head(self) -> Head:
        """The end of the ledger when this was its last entry."""
        return Head(self.sequence, self.hash)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an erased decision.

    Attributes:
        content: digest of what was erased.

    Raises:
        RequestError: it is not a digest.
    """

    content: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.content):
            raise RequestError(Link.CONTENT, f"{self.content[:80]!a} is not a digest", "leave it out, or export again")


@dataclass(frozen=True, slots=True)
class ErasedEntry:
    """A tombstone with its position in the ledger."""

    sequence: int
    previous_hash: str
    hash: str
    tombstone: Tombstone

    @property
    def head(self) -> Head:
        """The end of the ledger when this was its last entry."""
        return Head(self.sequence, self.hash)


AnyEntry = Entry | ErasedEntry


def digest_of(values: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON, lower-case hexadecimal.

    Raises:
        TypeError, ValueError: a value that JSON has not.
    """
    return hashlib.sha256(canonical(values).encode("ascii")).hexdigest()


def content_of(row: Row) -> str:
    """The digest of an entry's content, erased or not.

    A column that was added later is covered only where it is filled, so that earlier entries keep their hashes.

    Raises:
        TypeError, ValueError: a value that no entry has.
    """
    if is_erased(row):
        return str(row[Link.CONTENT])
    return digest_of({name: row[name] for name in Column if not (name in _ADDED_LATER and row[name] is None)})


def is_erased(row: Row) -> bool:
    """Whether nothing but the digest of its content is left; a row that has both was changed."""
    return row.get(Link.CONTENT) is not None and all(row.get(column) is None for column in Column)


def hash_of(row: Row) -> str:
    """The digest of an entry's number, the hash before it and the digest of its content.

    Raises:
        TypeError, ValueError: a value that no entry has.
    """
    place = {name.value: row[name] for name in (Link.SEQUENCE, Link.PREVIOUS_HASH)}
    return digest_of({**place, Link.CONTENT.value: content_of(row)})


def row_of_tombstone(tombstone: Tombstone) -> dict[str, Any]:
    """The row of an erased decision, as :func:`mammolens.review.rows.row_of` makes that of a decision."""
    return {**{column.value: None for column in Column}, Link.CONTENT.value: tombstone.content}


def linked(row: Row, head: Head) -> dict[str, Any]:
    """The row as the entry after ``head``."""
    tied = {Link.CONTENT.value: None, **row}
    tied |= {Link.SEQUENCE.value: head.sequence + 1, Link.PREVIOUS_HASH.value: head.hash}
    return {**tied, Link.HASH.value: hash_of(tied)}


def any_entry_of(row: Row) -> AnyEntry:
    """The entry in a row, or what is left of it.

    Raises:
        LedgerError: it contains no valid decision; it was changed.
    """
    if is_erased(row):
        tombstone = Tombstone(row[Link.CONTENT])
        return ErasedEntry(row[Link.SEQUENCE], row[Link.PREVIOUS_HASH], row[Link.HASH], tombstone)
    return entry_of(row)


def entry_of(row: Row) -> Entry:
    """The entry in a row that was not erased.

    Raises:
        LedgerError: it contains no valid decision; it was changed.
    """
    try:
        return Entry(row[Link.SEQUENCE], row[Link.PREVIOUS_HASH], row[Link.HASH], decision_of(row))
    except (AttributeError, RequestError, TypeError, ValueError) as error:
        place = f"entry {row[Link.SEQUENCE]} of the decision ledger"
        raise LedgerError(place, f"was changed ({error})", "run 'mammolens decisions audit'") from error
