"""Decisions as MONAI Label's clients make them: a review in an image's info, or a label with the tag 'final'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mammolens.enums import Verdict
from mammolens.errors import RequestError, UnknownImageError
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.decisions import Decisions, NewDecision, ShownResult
from mammolens.labelapp.exams.drawn_label import is_drawn
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.keys import InfoKey, ReviewKey
from mammolens.labelapp.parameters import DrawnRegion, ReviewParameters, parse
from mammolens.review.decision import Decision, Origin


class ImageReviews:
    """Converts between reviews of images and decisions in the ledger.

    Args:
        exams: of the datastore.
        decisions: on the exams.
        seen: the serving model's current result of an exam.
        listed_at: when an image's exam was listed as suspect normal; ``None``: never.
    """

    def __init__(
        self,
        exams: Exams,
        decisions: Decisions,
        seen: Callable[[Exam], ShownResult],
        listed_at: Callable[[str], datetime | None] = lambda image_id: None,
    ) -> None:
        self._exams = exams
        self._decisions = decisions
        self._seen = seen
        self._listed_at = listed_at

    def review(self, image_id: str, review: Any, reviewer: str) -> None:
        """Decide on one image; an empty review undoes the last decision on it, if there is one.

        Raises:
            RequestError: a review without a known verdict.
            UnknownImageError: no mammogram of the datastore.
            LedgerError, StorageError: the decision cannot be stored.
        """
        wanted = _read(review)
        exam, image = self._find(image_id)
        if wanted is not None:
            self._decisions.record(exam, self._new_decision(exam, image, wanted, reviewer), [image])
        elif self._decisions.of(exam).last(image.sop_instance_uid) is not None:
            self._decisions.undo(exam, reviewer, image=image, origin=Origin.MONAI_LABEL)

    def label(self, image_id: str, file: Path, review: Any, reviewer: str) -> None:
        """Decide by a final label: a finding if anything is drawn, else normal.

        MONAI Label's clients send no id with a label. A label that is saved again records nothing while its decision is
        active, unless the exam was listed as suspect normal since.

        Args:
            image_id: on which.
            file: the label, .nrrd or .nii.gz.
            review: sent with the label; takes precedence over it.
            reviewer: who.

        Raises:
            RequestError: a label that cannot be read or is too large, or a review without a known verdict.
            UnknownImageError: no mammogram of the datastore.
            LedgerError, StorageError: the decision cannot be stored.
        """
        drawn = Verdict.FINDING if is_drawn(file) else Verdict.NORMAL
        wanted = _read(review) or ReviewParameters(verdict=drawn, comment="by a final label")
        exam, image = self._find(image_id)
        new = self._new_decision(exam, image, wanted, reviewer)
        if wanted.id is not None:
            self._decisions.record(exam, new, [image])
        else:
            self._decisions.record_once(exam, new, image, since=self._listed_at(image_id))

    def verdicts(self) -> dict[str, Verdict | None]:
        """The effective verdict of every mammogram, by image id."""
        snapshot = self._decisions.now()
        return {
            image.image_id: snapshot.of(exam.exam_id).effective.images.get(image.sop_instance_uid)
            for exam in self._exams.all().values()
            for image in exam.images
        }

    def counts(self) -> dict[str, int]:
        """Number of images with each verdict."""
        values = [verdict.value for verdict in self.verdicts().values() if verdict]
        return {verdict: values.count(verdict) for verdict in sorted(set(values))}

    def all_reviews(self) -> dict[str, dict[str, Any]]:
        """The reviews of all images with a decision; see :meth:`reviews_of`."""
        snapshot = self._decisions.now()
        return {
            image.image_id: reviews
            for exam in self._exams.all().values()
            if exam.exam_id in snapshot.exams
            for image in exam.images
            if (reviews := _reviews(snapshot.exams[exam.exam_id], image.sop_instance_uid))
        }

    def reviews_of(self, image_id: str) -> dict[str, Any]:
        """``review``, the effective one or an empty one, and ``reviews``, all of them; empty if there are none."""
        try:
            exam_id, image = self._exams.find_image(image_id)
        except UnknownImageError:  # no mammogram
            return {}
        return _reviews(self._decisions.now().of(exam_id), image.sop_instance_uid)

    def _find(self, image_id: str) -> tuple[Exam, ImageDescription]:
        _, image = self._exams.find_image(image_id)
        return self._exams.of_image(image_id), image

    def _new_decision(
        self, exam: Exam, image: ImageDescription, wanted: ReviewParameters, reviewer: str
    ) -> NewDecision:
        return NewDecision(
            verdict=wanted.verdict,
            reviewer=reviewer,
            comment=wanted.comment,
            viewer=wanted.viewer,
            drawn=tuple(DrawnRegion(image=image.image_id, points=points) for points in wanted.regions),
            seen=self._seen(exam),
            decision_id=wanted.id,
            confirmed_again=wanted.second_confirmation,
            origin=Origin.MONAI_LABEL,
        )


def _read(review: Any) -> ReviewParameters | None:
    if not review:
        return None
    known = review.get(ReviewKey.VERDICT) if isinstance(review, Mapping) else None
    if known not in list(Verdict):
        raise RequestError(
            InfoKey.REVIEW, "contains no known verdict", f"give {{'verdict': one of {', '.join(Verdict)}}}"
        )
    return parse(ReviewParameters, review)


def _reviews(decisions: ExamDecisions, uid: str) -> dict[str, Any]:
    ours = [entry.decision for entry in decisions.entries if uid in entry.decision.images]
    if not ours:
        return {}
    verdict, active = decisions.effective.images.get(uid), decisions.active.get(uid, ())
    effective = next((one for one in reversed(active) if one.verdict is verdict), None)
    return {
        InfoKey.REVIEW.value: _review(effective, uid) if effective else {},
        InfoKey.REVIEWS.value: [_review(one, uid) for one in ours],
    }


def _review(decision: Decision, uid: str) -> dict[str, Any]:
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
