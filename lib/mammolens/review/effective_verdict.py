"""The effective verdict of an exam, derived from all decisions on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mammolens.enums import Verdict
from mammolens.review.decision import Decision
from mammolens.review.policy import Policy

_MOST_SEVERE_FIRST = (Verdict.FINDING, Verdict.POOR_QUALITY, Verdict.NORMAL)


@dataclass(frozen=True, slots=True)
class EffectiveVerdict:
    """The verdict of an exam, image by image.

    Attributes:
        exam_id: of the exam.
        images: verdict of each image with a decision, by SOP Instance UID; ``None``: open.
        decisions: those that are active on at least one image, oldest first.
    """

    exam_id: str
    images: Mapping[str, Verdict | None]
    decisions: tuple[Decision, ...]

    def verdict(self, images: Iterable[str] | None = None) -> Verdict | None:
        """The most severe verdict of the exam's images; ``None`` until each has one.

        Args:
            images: SOP Instance UIDs of all images of the exam; by default, those with a decision.
        """
        verdicts = [self.images.get(image) for image in (self.images if images is None else images)]
        if not verdicts or None in verdicts:
            return None
        return next(verdict for verdict in _MOST_SEVERE_FIRST if verdict in verdicts)


def effective_verdict(exam_id: str, decisions: Iterable[Decision], policy: Policy) -> EffectiveVerdict:
    """The effective verdict from the decisions on one exam, in the order of the ledger."""
    by_image = active_decisions(decisions)
    images = {image: policy(active) for image, active in by_image.items()}
    unique = {decision.decision_id: decision for active in by_image.values() for decision in active}
    return EffectiveVerdict(
        exam_id, MappingProxyType(images), tuple(sorted(unique.values(), key=lambda decision: decision.time))
    )


def effective_verdicts(decisions: Iterable[Decision], policy: Policy) -> dict[str, EffectiveVerdict]:
    """The effective verdict of each exam, by exam id."""
    exams: dict[str, list[Decision]] = {}
    for decision in decisions:
        exams.setdefault(decision.exam_id, []).append(decision)
    return {exam_id: effective_verdict(exam_id, of_exam, policy) for exam_id, of_exam in exams.items()}


def active_decisions(decisions: Iterable[Decision]) -> dict[str, Sequence[Decision]]:
    """The decisions that were not undone, by SOP Instance UID, oldest first."""
    images: dict[str, list[Decision]] = {}
    for decision in decisions:
        for image in decision.images:
            active = images.setdefault(image, [])
            if decision.is_undo:
                active[:] = [one for one in active if one.decision_id != decision.undoes]
            else:
                active.append(decision)
    # Imported decisions may be older than those already there; otherwise the ledger keeps times in order.
    return {image: sorted(active, key=lambda one: one.time) for image, active in images.items()}
