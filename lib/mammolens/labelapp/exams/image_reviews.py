"""Decisions as MONAI Label's clients know them: a mark on one image, in its info, or a label that is final."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mammolens.enums import Verdict
from mammolens.errors import RequestError, UnknownImageError
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.decisions import Decisions, Drawn, Order, Seen
from mammolens.labelapp.exams.drawn_label import is_drawn
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.keys import InfoKey, ReviewKey
from mammolens.labelapp.parameters import ReviewParameters, parse
from mammolens.review.decision import Decision, Origin


class ImageReviews:
    """Takes marks into the ledger, and makes marks of what it holds.

    Args:
        exams: which image belongs to which.
        decisions: the ledger's.
        seen: what the serving model says of an exam.
        listed_at: when an image's exam was listed for a second look; ``None``: never.
    """

    def __init__(
        self,
        exams: Exams,
        decisions: Decisions,
        seen: Callable[[Exam], Seen],
        listed_at: Callable[[str], datetime | None] = lambda image_id: None,
    ) -> None:
        self._exams = exams
        self._decisions = decisions
        self._seen = seen
        self._listed_at = listed_at

    def review(self, image_id: str, mark: Any, reviewer: str) -> None:
        """Decide on one image; an empty mark takes the last decision on it back, if there is one.

        Raises:
            RequestError: a mark that would count for nothing.
            UnknownImageError: no mammogram of the datastore.
            LedgerError, StorageError: it cannot be kept.
        """
        wanted = _read(mark)
        exam, image = self._find(image_id)
        if wanted is not None:
            self._decisions.decide(exam, self._order(exam, image, wanted, reviewer), [image])
        elif self._decisions.of(exam).last(image.sop_instance_uid) is not None:
            self._decisions.undo(exam, reviewer, image=image, origin=Origin.MONAI_LABEL)

    def label(self, image_id: str, file: Path, mark: Any, reviewer: str) -> None:
        """Decide by a final label: what was drawn is a finding, an empty label says that there is none.

        MONAI Label's clients give a label no id. One that is saved again decides nothing new while its decision still
        counts, unless the exam has been listed for a second look since.

        Args:
            image_id: on which.
            file: the label, .nrrd or .nii.gz.
            mark: a mark that the client sent with it; it has the last word.
            reviewer: who.

        Raises:
            RequestError: a label that cannot be read or is too large, or a mark that would count for nothing.
            UnknownImageError: no mammogram of the datastore.
            LedgerError, StorageError: it cannot be kept.
        """
        drawn = Verdict.FINDING if is_drawn(file) else Verdict.NORMAL
        wanted = _read(mark) or ReviewParameters(verdict=drawn, comment="by a final label")
        exam, image = self._find(image_id)
        order = self._order(exam, image, wanted, reviewer)
        if wanted.id is not None:
            self._decisions.decide(exam, order, [image])
        else:
            self._decisions.decide_once(exam, order, image, since=self._listed_at(image_id))

    def verdicts(self) -> dict[str, Verdict | None]:
        """Of every image that a decision can be taken on."""
        decided = self._decisions.now()
        return {
            image.image_id: decided.of(exam.exam_id).standing.images.get(image.sop_instance_uid)
            for exam in self._exams.all().values()
            for image in exam.images
        }

    def counts(self) -> dict[str, int]:
        """How many images have each verdict."""
        told = [verdict.value for verdict in self.verdicts().values() if verdict]
        return {verdict: told.count(verdict) for verdict in sorted(set(told))}

    def marks(self) -> dict[str, dict[str, Any]]:
        """The marks of all images that were ever decided on: see :meth:`marks_of`."""
        decided = self._decisions.now()
        return {
            image.image_id: marks
            for exam in self._exams.all().values()
            if exam.exam_id in decided.exams
            for image in exam.images
            if (marks := _marks(decided.exams[exam.exam_id], image.sop_instance_uid))
        }

    def marks_of(self, image_id: str) -> dict[str, Any]:
        """``review``, the mark that counts, or an empty one, and ``reviews``, all of them; empty without any."""
        try:
            exam_id, image = self._exams.place_of(image_id)
        except UnknownImageError:  # no mammogram
            return {}
        return _marks(self._decisions.now().of(exam_id), image.sop_instance_uid)

    def _find(self, image_id: str) -> tuple[Exam, ImageDescription]:
        _, image = self._exams.place_of(image_id)
        return self._exams.of_image(image_id), image

    def _order(self, exam: Exam, image: ImageDescription, wanted: ReviewParameters, reviewer: str) -> Order:
        return Order(
            verdict=wanted.verdict,
            reviewer=reviewer,
            comment=wanted.comment,
            viewer=wanted.viewer,
            drawn=tuple(Drawn(image.image_id, tuple(points)) for points in wanted.regions),
            seen=self._seen(exam),
            decision_id=wanted.id,
            origin=Origin.MONAI_LABEL,
        )


def _read(mark: Any) -> ReviewParameters | None:
    if not mark:
        return None
    known = mark.get(ReviewKey.VERDICT) if isinstance(mark, Mapping) else None
    if known not in list(Verdict):
        raise RequestError(
            InfoKey.REVIEW, "carries no known verdict", f"give {{'verdict': one of {', '.join(Verdict)}}}"
        )
    return parse(ReviewParameters, mark)


def _marks(decided: ExamDecisions, uid: str) -> dict[str, Any]:
    ours = [entry.decision for entry in decided.entries if uid in entry.decision.images]
    if not ours:
        return {}
    verdict, counting = decided.standing.images.get(uid), decided.counting.get(uid, ())
    counts = next((one for one in reversed(counting) if one.verdict is verdict), None)
    return {
        InfoKey.REVIEW.value: _mark(counts, uid) if counts else {},
        InfoKey.REVIEWS.value: [_mark(one, uid) for one in ours],
    }


def _mark(decision: Decision, uid: str) -> dict[str, Any]:
    who = {
        ReviewKey.DECISION.value: str(decision.decision_id),
        ReviewKey.REVIEWER.value: decision.reviewer,
        ReviewKey.TIME.value: int(decision.time.timestamp()),
        ReviewKey.VIEWER.value: decision.viewer,
    }
    if decision.verdict is None:
        return {ReviewKey.UNDOES.value: str(decision.undoes), **who}
    return {
        ReviewKey.VERDICT.value: decision.verdict.value,
        **who,
        ReviewKey.MODEL.value: decision.model,
        ReviewKey.EXAM_P_VALUE.value: decision.exam_p_value,
        ReviewKey.COMMENT.value: decision.comment,
        ReviewKey.REGIONS.value: [
            [list(point) for point in region.points] for region in decision.regions if region.image == uid
        ],
    }
