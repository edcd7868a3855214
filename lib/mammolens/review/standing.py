"""What counts for an exam now, from all that was ever decided on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mammolens.enums import Verdict
from mammolens.review.decision import Decision
from mammolens.review.policy import Policy

_GRAVEST_FIRST = (Verdict.FINDING, Verdict.POOR_QUALITY, Verdict.NORMAL)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an exam stands.

    Attributes:
        exam_id: of the exam.
        images: the verdict of each image that was ever decided on, by SOP Instance UID; ``None``: open.
        decisions: those that count on at least one image, the oldest first.
    """

    exam_id: str
    images: Mapping[str, Verdict | None]
    decisions: tuple[Decision, ...]

    def verdict(self, images: Iterable[str] | None = None) -> Verdict | None:
        """The gravest verdict of the exam's images once each has one.

        Args:
            images: all images of the exam; without, those that were ever decided on.
        """
        verdicts = [self.images.get(image) for image in (self.images if images is None else images)]
        if not verdicts or None in verdicts:
            return None
        return next(verdict for verdict in _GRAVEST_FIRST if verdict in verdicts)


def standing_of(exam_id: str, decisions: Iterable[Decision], policy: Policy) -> Standing:
    """What counts of one exam's decisions, which come in the order of the ledger."""
    standing = standing_decisions(decisions)
    images = {image: policy(left) for image, left in standing.items()}
    counting = {decision.decision_id: decision for left in standing.values() for decision in left}
    return Standing(exam_id, MappingProxyType(images), tuple(sorted(counting.values(), key=lambda one: one.time)))


def standings(decisions: Iterable[Decision], policy: Policy) -> dict[str, Standing]:
    """What counts of each exam, by its id."""
    exams: dict[str, list[Decision]] = {}
    for decision in decisions:
        exams.setdefault(decision.exam_id, []).append(decision)
    return {exam_id: standing_of(exam_id, ours, policy) for exam_id, ours in exams.items()}


def standing_decisions(decisions: Iterable[Decision]) -> dict[str, Sequence[Decision]]:
    """The decisions that are not undone, for each image, the oldest first."""
    images: dict[str, list[Decision]] = {}
    for decision in decisions:
        for image in decision.images:
            left = images.setdefault(image, [])
            if decision.is_undo:
                left[:] = [one for one in left if one.decision_id != decision.undoes]
            else:
                left.append(decision)
    # What was imported may be older than what was there; the ledger keeps clocks from going back otherwise.
    return {image: sorted(left, key=lambda one: one.time) for image, left in images.items()}
