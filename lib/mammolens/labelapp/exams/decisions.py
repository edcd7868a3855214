"""Decisions on exams: who confirmed or doubted what. The ledger is the only truth about them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mammolens.enums import Verdict
from mammolens.errors import DatasetError, RequestError
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.ledger_snapshot import Decided, ExamDecisions, FollowedLedger
from mammolens.review.chain import Entry
from mammolens.review.decision import Decision, Origin, Point, Region
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName, policy_of
from mammolens.review.standing import Standing


@dataclass(frozen=True, slots=True)
class Drawn:
    """A place that a person drew: (column, row) on the pixel grid of an image of the datastore."""

    image_id: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model had said when a person decided; empty where it had said nothing."""

    model: str | None = None
    calibration: str | None = None
    exam_p_value: float | None = None
    exam_score: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What a person decides; who tries again sends the same ``decision_id``."""

    verdict: Verdict
    reviewer: str
    comment: str = ""
    viewer: str = ""
    drawn: tuple[Drawn, ...] = ()
    seen: Seen = field(default_factory=Seen)
    decision_id: uuid.UUID | None = None
    origin: Origin = Origin.VIEWER


class Decisions:
    """Takes and tells decisions on exams; threads may use it.

    Args:
        ledger: where they are kept.
        policy: whose decision counts where several people decided.
        with_room: does what writes, perhaps once more after making room on a full disk.
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
        self._followed = FollowedLedger(ledger, policy_of(policy))
        self._in_turn = threading.Lock()  # held from reading what counts until what follows from it is kept

    def now(self) -> Decided:
        """Everything that is decided by now; another object as soon as there is more.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return self._followed.now()

    def of(self, exam: Exam) -> ExamDecisions:
        """All that was ever decided on an exam."""
        return self.now().of(exam.exam_id)

    def standing(self, exam: Exam) -> Standing:
        """What counts for an exam now."""
        return self.of(exam).standing

    def verdict(self, exam: Exam) -> Verdict | None:
        """The gravest verdict of the exam's images; ``None`` until each has one."""
        return self.standing(exam).verdict(exam.sop_instance_uids)

    def history(self, exam: Exam) -> tuple[Decision, ...]:
        """All decisions on an exam, undone or not, the oldest first."""
        return self.of(exam).told

    def decide(self, exam: Exam, order: Order, images: Sequence[ImageDescription] | None = None) -> Entry:
        """Keep a decision; once this returns it is on the disk.

        Args:
            exam: which.
            order: what is decided.
            images: those of the exam that it holds for; without, all.

        Raises:
            RequestError: a region of another image, or an id that another decision has.
            LedgerError, StorageError: it cannot be kept.
        """
        return self._append(_decision(exam, order, exam.images if images is None else images))

    def decide_once(self, exam: Exam, order: Order, image: ImageDescription, *, since: datetime | None = None) -> Entry:
        """Keep a decision on one image, unless the last one that counts there says the same.

        For clients that cannot give a decision an id: what they send again adds nothing.

        Args:
            exam: which.
            order: what is decided.
            image: the one that it holds for.
            since: a decision of this time or before does not stand in for the new one; UTC.

        Returns:
            The entry of the new decision, or of the one that says the same.

        Raises:
            RequestError: a region of another image, or an id that another decision has.
            LedgerError, StorageError: it cannot be kept.
        """
        decision = _decision(exam, order, [image])
        with self._in_turn:
            last = self.of(exam).last(image.sop_instance_uid)
            if last is not None and _says_the_same(last, decision) and (since is None or last.time > since):
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
        """Take the last decision back that counts; what was decided before it counts again.

        Args:
            exam: which.
            reviewer: who takes it back.
            decision_id: of the undo; sent again, it is done once.
            image: take it back on this image only.
            viewer: the program.
            origin: by which door.

        Raises:
            DatasetError: there is none.
            RequestError: another decision has the id.
            LedgerError, StorageError: it cannot be kept.
        """
        with self._in_turn:  # two that are sent at once take two decisions back
            if decision_id is not None and (known := self._ledger.get(decision_id)) is not None:
                return _same_undo(known, exam, reviewer)
            ours = self.of(exam)
            uid = image.sop_instance_uid if image else None
            last = ours.last(uid)
            if last is None:
                raise DatasetError("decision", "there is none that could be taken back", "take one first")
            return self._append(
                Decision(
                    exam_id=exam.exam_id,
                    images=(uid,) if uid else ours.images_of(last),
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


def _decision(exam: Exam, order: Order, images: Sequence[ImageDescription]) -> Decision:
    uids = {image.image_id: image.sop_instance_uid for image in images}
    return Decision(
        exam_id=exam.exam_id,
        images=tuple(dict.fromkeys(uids.values())),  # a copy of an image has its UID
        verdict=order.verdict,
        reviewer=order.reviewer,
        decision_id=order.decision_id or uuid.uuid4(),
        comment=order.comment,
        regions=tuple(_region(drawn, uids) for drawn in order.drawn),
        model=order.seen.model,
        calibration=order.seen.calibration,
        exam_p_value=order.seen.exam_p_value,
        exam_score=order.seen.exam_score,
        viewer=order.viewer,
        origin=order.origin,
    )


def _says_the_same(one: Decision, other: Decision) -> bool:
    seen = one.model == other.model and one.calibration == other.calibration
    return seen and one.images == other.images and one.words() == other.words()


def _region(drawn: Drawn, uids: dict[str, str]) -> Region:
    if drawn.image_id not in uids:
        raise RequestError("regions", f"{drawn.image_id[:80]!a} is no image of this exam", "draw on its images")
    return Region(uids[drawn.image_id], drawn.points)


def _same_undo(known: Entry, exam: Exam, reviewer: str) -> Entry:
    there = known.decision
    if not (there.is_undo and there.exam_id == exam.exam_id and there.reviewer == reviewer):
        raise RequestError(
            f"decision {there.decision_id}", "the ledger has another one of this id", "give it an id of its own"
        )
    return known
