"""Snapshots of the decision ledger. Each continues from the one before, so that no entry is read twice.

A worklist of ten thousand exams asks the ledger only for its head and for the entries after the head that it knows.
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
from mammolens.review.effective_verdict import EffectiveVerdict, active_decisions, effective_verdict
from mammolens.review.ledger import Ledger
from mammolens.review.policy import Policy


@dataclass(frozen=True)
class ExamDecisions:
    """All decisions on one exam; a new object whenever one is added.

    Attributes:
        exam_id: of the exam.
        entries: in the order of the ledger, including undos.
        policy: determines the effective verdict.
    """

    exam_id: str
    entries: tuple[Entry, ...]
    policy: Policy

    @cached_property
    def effective(self) -> EffectiveVerdict:
        """The effective verdict of each image and of the exam."""
        return effective_verdict(self.exam_id, (entry.decision for entry in self.entries), self.policy)

    @cached_property
    def active(self) -> Mapping[str, Sequence[Decision]]:
        """The decisions that were not undone, by SOP Instance UID, oldest first."""
        return MappingProxyType(active_decisions(entry.decision for entry in self.entries))

    @cached_property
    def history(self) -> tuple[Decision, ...]:
        """All decisions, undone or not, oldest first; imported ones are sorted in by their time."""
        return tuple(
            sorted((one.decision for one in self.entries if not one.decision.is_undo), key=lambda one: one.time)
        )

    @cached_property
    def _images(self) -> Mapping[uuid.UUID, tuple[str, ...]]:
        found: dict[uuid.UUID, list[str]] = {}
        for image, decisions in self.active.items():
            for decision in decisions:
                found.setdefault(decision.decision_id, []).append(image)
        return {decision_id: tuple(images) for decision_id, images in found.items()}

    def images_of(self, decision: Decision) -> tuple[str, ...]:
        """SOP Instance UIDs of the images on which a decision is active; empty if it was undone."""
        return self._images.get(decision.decision_id, ())

    def last(self, image: str | None = None) -> Decision | None:
        """The last active decision on an image, or on any image; ``None`` if there is none."""
        if image is not None:
            return next(reversed(self.active.get(image, ())), None)
        return next((one for one in reversed(self.history) if self.images_of(one)), None)


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """The ledger up to ``head``; a new object whenever a decision is added.

    Attributes:
        head: of the ledger when it was read.
        entries: all of them, oldest first.
        exams: decisions by exam id; exams without any are left out.
        policy: determines the effective verdicts.
    """

    head: Head
    entries: Sequence[Entry]
    exams: Mapping[str, ExamDecisions]
    policy: Policy

    def of(self, exam_id: str) -> ExamDecisions:
        """The decisions on an exam; empty if there are none."""
        return self.exams.get(exam_id) or ExamDecisions(exam_id, (), self.policy)


class LedgerFollower:
    """Takes snapshots of a ledger that threads and other processes append to.

    Args:
        ledger: to read.
        policy: determines the effective verdicts.
    """

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._snapshot = self._empty = LedgerSnapshot(Head(), (), MappingProxyType({}), policy)

    def now(self) -> LedgerSnapshot:
        """The current snapshot.

        Raises:
            LedgerError: the ledger cannot be read, or an entry was changed.
        """
        with self._lock:
            if self._ledger.head() != self._snapshot.head:
                self._snapshot = self._next()
            return self._snapshot

    def read_again(self) -> None:
        """Forget all entries, as some were erased."""
        with self._lock:
            self._snapshot = self._empty

    def _next(self) -> LedgerSnapshot:
        known = self._snapshot
        chain = list(self._ledger.chain(known.head.sequence))
        if not chain or chain[0].previous_hash != known.head.hash:  # another ledger by now, restored from a backup
            known, chain = self._empty, list(self._ledger.chain())
        if not chain:
            return self._empty
        new = [entry for entry in chain if isinstance(entry, Entry)]
        exams = dict(known.exams)
        by_exam: dict[str, list[Entry]] = {}
        for entry in new:
            by_exam.setdefault(entry.decision.exam_id, []).append(entry)
        for exam_id, entries in by_exam.items():
            exams[exam_id] = ExamDecisions(exam_id, (*known.of(exam_id).entries, *entries), known.policy)
        return LedgerSnapshot(chain[-1].head, (*known.entries, *new), MappingProxyType(exams), known.policy)
