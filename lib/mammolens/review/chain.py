"""The hash chain: each entry of the ledger commits to its content, its position and all entries before it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mammolens.errors import LedgerError, RequestError
from mammolens.review.decision import Decision
from mammolens.review.rows import Column, Row, canonical, decision_of

GENESIS = "0" * 64
"""What stands in place of a hash before the first entry."""

_ADDED_LATER = (Column.SECOND_CONFIRMATION,)
_HEAD = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})")


class Link(StrEnum):
    """Columns that tie an entry to the one before it."""

    SEQUENCE = "sequence"
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


def hash_of(row: Row) -> str:
    """SHA-256 over the canonical JSON of all columns but the hash itself, lower-case hexadecimal.

    A column that was added later is covered only where it is filled, so that earlier entries keep their hashes.

    Raises:
        TypeError, ValueError: a value that no entry has.
    """
    names = (*Column, Link.SEQUENCE, Link.PREVIOUS_HASH)
    covered = {name: row[name] for name in names if not (name in _ADDED_LATER and row[name] is None)}
    return hashlib.sha256(canonical(covered).encode("ascii")).hexdigest()


def linked(row: Row, head: Head) -> dict[str, Any]:
    """The row as the entry after ``head``."""
    tied = {**row, Link.SEQUENCE.value: head.sequence + 1, Link.PREVIOUS_HASH.value: head.hash}
    return {**tied, Link.HASH.value: hash_of(tied)}


def entry_of(row: Row) -> Entry:
    """The entry in a row.

    Raises:
        LedgerError: it contains no valid decision; it was changed.
    """
    try:
        return Entry(row[Link.SEQUENCE], row[Link.PREVIOUS_HASH], row[Link.HASH], decision_of(row))
    except (AttributeError, RequestError, TypeError, ValueError) as error:
        place = f"entry {row[Link.SEQUENCE]} of the decision ledger"
        raise LedgerError(place, f"was changed ({error})", "run 'mammolens decisions audit'") from error
