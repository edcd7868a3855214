"""What was decided, as of one entry of the ledger; read on from there, never twice.

A worklist of ten thousand exams asks the ledger for its end alone, and for what came after the end it knows.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from mammolens.review.chain import Entry, Head
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger
from mammolens.review.policy import Policy
from mammolens.review.standing import Standing, standing_decisions, standing_of


@dataclass(frozen=True)
class ExamDecisions:
    """All that was ever decided on an exam; another object as soon as there is more.

    Attributes:
        entries: in the order of the ledger, undos among them.
        policy: which verdict counts.
    """

    exam_id: str
    entries: tuple[Entry, ...]
    policy: Policy

    @cached_property
    def standing(self) -> Standing:
        """What counts now."""
        return standing_of(self.exam_id, (entry.decision for entry in self.entries), self.policy)

    @cached_property
    def counting(self) -> Mapping[str, Sequence[Decision]]:
        """The decisions that are not undone, by SOP Instance UID, the oldest first."""
        return MappingProxyType(standing_decisions(entry.decision for entry in self.entries))

    @cached_property
    def told(self) -> tuple[Decision, ...]:
        """Every decision, undone or not, the oldest first; what was imported stands where its time puts it."""
        return tuple(
            sorted((one.decision for one in self.entries if not one.decision.is_undo), key=lambda one: one.time)
        )

    @cached_property
    def _images(self) -> Mapping[uuid.UUID, tuple[str, ...]]:
        found: dict[uuid.UUID, list[str]] = {}
        for image, decisions in self.counting.items():
            for decision in decisions:
                found.setdefault(decision.decision_id, []).append(image)
        return {decision_id: tuple(images) for decision_id, images in found.items()}

    def images_of(self, decision: Decision) -> tuple[str, ...]:
        """Those on which a decision still counts; empty for one that is undone."""
        return self._images.get(decision.decision_id, ())

    def last(self, image: str | None = None) -> Decision | None:
        """The last decision that counts, on an image or on any; ``None`` where none does."""
        if image is not None:
            return next(reversed(self.counting.get(image, ())), None)
        return next((one for one in reversed(self.told) if self.images_of(one)), None)


@dataclass(frozen=True, slots=True)
class Decided:
    """Everything as of ``head``; another object as soon as anything was decided."""

    head: Head
    entries: Sequence[Entry]
    exams: Mapping[str, ExamDecisions]
    policy: Policy

    def of(self, exam_id: str) -> ExamDecisions:
        """What was decided on an exam; empty where nothing was."""
        return self.exams.get(exam_id) or ExamDecisions(exam_id, (), self.policy)


class FollowedLedger:
    """Reads a ledger that threads and other processes append to.

    Args:
        ledger: which.
        policy: whose verdict counts.
    """

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._now = self._nothing = Decided(Head(), (), MappingProxyType({}), policy)

    def now(self) -> Decided:
        """Everything that is decided by now.

        Raises:
            LedgerError: it cannot be read, or an entry was changed.
        """
        with self._lock:
            if self._ledger.head() != self._now.head:
                self._now = self._read_on()
            return self._now

    def _read_on(self) -> Decided:
        known = self._now
        new = list(self._ledger.all(known.head.sequence))
        if not new or new[0].previous_hash != known.head.hash:  # another ledger by now: one of a backup
            known, new = self._nothing, list(self._ledger.all())
        if not new:
            return self._nothing
        exams = dict(known.exams)
        by_exam: dict[str, list[Entry]] = {}
        for entry in new:
            by_exam.setdefault(entry.decision.exam_id, []).append(entry)
        for exam_id, entries in by_exam.items():
            exams[exam_id] = ExamDecisions(exam_id, (*known.of(exam_id).entries, *entries), known.policy)
        return Decided(new[-1].head, (*known.entries, *new), MappingProxyType(exams), known.policy)
