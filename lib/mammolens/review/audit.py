"""Check the hash chain, and find where it breaks first.

An entry's hash covers the digest of its content, its number and the previous hash. A change is therefore detected in
the entry itself or, if its hash was recomputed, in the next entry. If all hashes up to the end were recomputed, or the
end was cut off, only a head that is stored elsewhere reveals it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mammolens.review.chain import Head, Link, hash_of, is_erased
from mammolens.review.rows import Column, Row

_NEAR = 100  # entries that may be removed or inserted, and the rest renumbered, and still be recognised


class FaultKind(StrEnum):
    """What was done to the ledger."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    CUT_OFF = "cut off"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where the ledger differs from what was written.

    Attributes:
        sequence: number of the entry; for ``REWRITTEN``, the last possible first one.
        decision_id: of the entry that is there now; ``None`` if there is none.
    """

    kind: FaultKind
    sequence: int
    decision_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        entries: that were read.
        head: of the last entry that was reached.
        erased: of these entries, how many have lost their content.
    """

    entries: int
    head: Head
    fault: Fault | None = None
    erased: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether nothing speaks against the ledger."""
        return self.fault is None


def audit(rows: Iterable[Row], kept: Iterable[Head] = ()) -> Audit:
    """Follow the chain from its first entry.

    Args:
        rows: of the ledger, in order.
        kept: heads that were written down earlier, elsewhere.
    """
    expected = {head.sequence: head.hash for head in kept if head.sequence}
    before, before_id, count, erased = Head(), None, 0, 0
    for row in rows:
        count += 1
        fault = _fault(row, before, before_id)
        if fault is not None:
            return Audit(count, before, fault, erased)
        erased += is_erased(row)
        before, before_id = Head(row[Link.SEQUENCE], row[Link.HASH]), row[Column.DECISION_ID]
        if expected.pop(before.sequence, before.hash) != before.hash:
            reason = f"entry {before.sequence} does not match the stored head"
            return Audit(count, before, Fault(FaultKind.REWRITTEN, before.sequence, before_id, reason), erased)
    if expected:
        reason = f"the ledger ends at entry {before.sequence}, but a stored head is of entry {max(expected)}"
        return Audit(count, before, Fault(FaultKind.CUT_OFF, before.sequence + 1, None, reason), erased)
    return Audit(count, before, erased=erased)


def _fault(row: Row, before: Head, before_id: str | None) -> Fault | None:
    sequence, number, here = row[Link.SEQUENCE], before.sequence + 1, row[Column.DECISION_ID]
    if sequence > number:
        return Fault(FaultKind.REMOVED, number, None, f"entry {number} is missing, {sequence} comes next")
    if sequence < number:
        return Fault(FaultKind.INSERTED, sequence, here, f"entry {sequence} is at a position where none was written")
    written_as = _written_as(row)
    if written_as is None:
        return Fault(FaultKind.CHANGED, number, here, f"entry {number} does not match its hash")
    if written_as > number:
        reason = f"the entry at position {number} was written as entry {written_as}"
        return Fault(FaultKind.REMOVED, number, None, reason)
    if written_as < number:
        reason = f"the entry at position {number} was written as entry {written_as}"
        return Fault(FaultKind.INSERTED, written_as, None, reason)
    if row[Link.PREVIOUS_HASH] == before.hash:
        return None
    if before.sequence == 0:
        return Fault(FaultKind.CHANGED, number, here, f"entry {number} does not begin a ledger")
    reason = f"entry {number} was written after another entry {before.sequence}"
    return Fault(FaultKind.CHANGED, before.sequence, before_id, reason)


def _written_as(row: Row) -> int | None:
    """The number with which the entry's hash was made, if it is near the one that it has."""
    sequence = row[Link.SEQUENCE]
    if row.get(Link.CONTENT) is not None and not is_erased(row):  # a content that was put back, or a digest beside one
        return None
    for number in (sequence, *range(max(1, sequence - _NEAR), sequence), *range(sequence + 1, sequence + _NEAR)):
        try:
            if hash_of({**row, Link.SEQUENCE.value: number}) == row[Link.HASH]:
                return int(number)
        except (TypeError, ValueError):  # a value that no entry has
            return None
    return None
