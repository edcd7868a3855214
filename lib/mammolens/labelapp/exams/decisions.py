"""Decisions on exams. The ledger is the only record of them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mammolens.enums import NormalityCategory, Verdict
from mammolens.errors import DatasetError, RequestError
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions, LedgerFollower, LedgerSnapshot
from mammolens.labelapp.parameters import DrawnRegion
from mammolens.review.chain import Entry
from mammolens.review.decision import Decision, Origin, Region
from mammolens.review.effective_verdict import EffectiveVerdict
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName, policy_of


@dataclass(frozen=True, slots=True)
class ShownResult:
    """The result that a person saw when deciding; empty if there was none."""

    model: str | None = None
    calibration: str | None = None
    exam_p_value: float | None = None
    exam_score: float | None = None
    category: NormalityCategory | None = None


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be recorded; a client that retries sends the same ``decision_id``.

    ``confirmed_again``: the person confirmed 'normal' a second time, after the safety-net note.
    """

    verdict: Verdict
    reviewer: str
    comment: str = ""
    viewer: str = ""
    drawn: tuple[DrawnRegion, ...] = ()
    seen: ShownResult = field(default_factory=ShownResult)
    decision_id: uuid.UUID | None = None
    origin: Origin = Origin.VIEWER
    confirmed_again: bool = False


def needs_second_confirmation(category: NormalityCategory | None) -> bool:
    """The safety net: whether 'normal' must be confirmed a second time on an exam of this category."""
    return category is NormalityCategory.HIGHLY_UNUSUAL


class Decisions:
    """Records and returns decisions on exams; thread-safe.

    Args:
        ledger: where they are stored.
        policy: determines the effective verdict if several readers decided.
        with_room: calls a function that writes, again after making room if the disk is full.
    """

    def __init__(
        self,
        ledger: Ledger,
        policy: PolicyName = PolicyName.LATEST,
        with_room: Callable[[Callable[[], Entry]], Entry] = lambda write: write(),
    ) -> None:
        self.policy = policy
        self._ledger = ledger
        self._with_room = with_room
        self._followed = LedgerFollower(ledger, policy_of(policy))
        # Held from reading the last decision until the one that depends on it is stored.
        self._in_turn = threading.Lock()

    def now(self) -> LedgerSnapshot:
        """The current snapshot of the ledger; a new object whenever a decision is added.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return self._followed.now()

    def read_again(self) -> None:
        """Forget all entries, as some were erased."""
        self._followed.read_again()

    def of(self, exam: Exam) -> ExamDecisions:
        """All decisions on an exam."""
        return self.now().of(exam.exam_id)

    def effective(self, exam: Exam) -> EffectiveVerdict:
        """The effective verdict of an exam, image by image."""
        return self.of(exam).effective

    def verdict(self, exam: Exam) -> Verdict | None:
        """The most severe verdict of the exam's images; ``None`` until each has one."""
        return self.effective(exam).verdict(exam.sop_instance_uids)

    def history(self, exam: Exam) -> tuple[Decision, ...]:
        """All decisions on an exam, undone or not, oldest first."""
        return self.of(exam).history

    def record(self, exam: Exam, new: NewDecision, images: Sequence[ImageDescription] | None = None) -> Entry:
        """Record a decision; it is on disk when this returns.

        Args:
            exam: decided on.
            new: the decision.
            images: of the exam that it applies to; by default all.

        Raises:
            RequestError: a region of another image, an id that another decision has, or a highly unusual exam that is
                confirmed as normal without a second confirmation.
            LedgerError, StorageError: it cannot be stored.
        """
        return self._append(_decision(exam, new, exam.images if images is None else images))

    def record_once(
        self, exam: Exam, new: NewDecision, image: ImageDescription, *, since: datetime | None = None
    ) -> Entry:
        """Record a decision on one image, unless the last active one there is equal.

        For clients that cannot give a decision an id: a retry adds nothing.

        Args:
            exam: decided on.
            new: the decision.
            image: that it applies to.
            since: an equal decision is not sufficient if it was made at this time or before; UTC.

        Returns:
            The entry of the new decision, or of the equal one.

        Raises:
            RequestError: a region of another image, or an id that another decision has.
            LedgerError, StorageError: it cannot be stored.
        """
        decision = _decision(exam, new, [image])
        with self._in_turn:
            last = self.of(exam).last(image.sop_instance_uid)
            if last is not None and _is_equal(last, decision) and (since is None or last.time > since):
                known = self._ledger.get(last.decision_id)
                if known is not None:
                    return known
            return self._append(decision)

    def undo(
        self,
        exam: Exam,
        reviewer: str,
        *,
        decision_id: uuid.UUID | None = None,
        image: ImageDescription | None = None,
        viewer: str = "",
        origin: Origin = Origin.VIEWER,
    ) -> Entry:
        """Undo the last active decision; the one before it becomes effective again.

        Args:
            exam: decided on.
            reviewer: who undoes it.
            decision_id: of the undo; a retry with the same one changes nothing.
            image: undo it on this image only.
            viewer: name of the program.
            origin: the interface.

        Raises:
            DatasetError: there is none.
            RequestError: another decision has the id.
            LedgerError, StorageError: it cannot be stored.
        """
        with self._in_turn:  # two concurrent undos undo two decisions
            if decision_id is not None and (known := self._ledger.get(decision_id)) is not None:
                return _same_undo(known, exam, reviewer)
            decisions = self.of(exam)
            uid = image.sop_instance_uid if image else None
            last = decisions.last(uid)
            if last is None:
                raise DatasetError("decision", "there is nothing to undo", "make a decision first")
            return self._append(
                Decision(
                    exam_id=exam.exam_id,
                    images=(uid,) if uid else decisions.images_of(last),
                    verdict=None,
                    undoes=last.decision_id,
                    reviewer=reviewer,
                    decision_id=decision_id or uuid.uuid4(),
                    viewer=viewer,
                    origin=origin,
                )
            )

    def _append(self, decision: Decision) -> Entry:
        return self._with_room(lambda: self._ledger.append(decision))


def utc(seconds: float) -> str:
    """A time as ISO 8601 in UTC."""
    return utc_of(datetime.fromtimestamp(seconds, UTC))


def utc_of(time: datetime) -> str:
    """The same of a time."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _decision(exam: Exam, new: NewDecision, images: Sequence[ImageDescription]) -> Decision:
    uids = {image.image_id: image.sop_instance_uid for image in images}
    again = new.verdict is Verdict.NORMAL and needs_second_confirmation(new.seen.category)
    if again and not new.confirmed_again:
        raise RequestError(
            "verdict",
            "the exam is highly unusual: 'normal' needs a second confirmation",
            "look at the findings again; to confirm, decide again with second_confirmation true",
        )
    return Decision(
        exam_id=exam.exam_id,
        images=tuple(dict.fromkeys(uids.values())),  # a copy of an image has its UID
        verdict=new.verdict,
        reviewer=new.reviewer,
        decision_id=new.decision_id or uuid.uuid4(),
        comment=new.comment,
        regions=tuple(_region(drawn, uids) for drawn in new.drawn),
        model=new.seen.model,
        calibration=new.seen.calibration,
        exam_p_value=new.seen.exam_p_value,
        exam_score=new.seen.exam_score,
        viewer=new.viewer,
        origin=new.origin,
        second_confirmation=new.seen.category if again else None,
    )


def _is_equal(one: Decision, other: Decision) -> bool:
    seen = one.model == other.model and one.calibration == other.calibration
    return seen and one.images == other.images and one.content() == other.content()


def _region(drawn: DrawnRegion, uids: dict[str, str]) -> Region:
    if drawn.image not in uids:
        raise RequestError("regions", f"{drawn.image[:80]!a} is not an image of this exam", "draw on its images")
    return Region(uids[drawn.image], tuple(drawn.points), drawn.finding_type, drawn.birads)


def _same_undo(known: Entry, exam: Exam, reviewer: str) -> Entry:
    there = known.decision
    if not (there.is_undo and there.exam_id == exam.exam_id and there.reviewer == reviewer):
        raise RequestError(
            f"decision {there.decision_id}", "the ledger has a different decision with this id", "use a new id"
        )
    return known
