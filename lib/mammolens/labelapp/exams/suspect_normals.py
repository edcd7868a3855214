"""Suspect normals: exams confirmed as normal with an extreme score, that is suspected label noise.

No training uses them until a person has confirmed them a second time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mammolens.enums import Verdict
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.eligibility import eligible_images, patient_of
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.exams.worklist_entry import inference_of_exam
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import ExamSummary
from mammolens.labelapp.responses.learning import SuspectNormalDetail, SuspectNormalList
from mammolens.labelapp.serving import ServingModel
from mammolens.promotion.contamination import AcceptedExam, Extreme, extreme_exams
from mammolens.review.decision import Decision

_Made = tuple[Exam, list[Mapping[str, Any]], Predictor]  # what an exam's score was built from


@dataclass(frozen=True, slots=True)
class SuspectNormal:
    """An exam that awaits a second confirmation."""

    exam: Exam
    reason: str


class SuspectNormals:
    """Finds suspect normals among the exams that the serving model has scored.

    An exam stays listed until each of its images has a second active decision for normal: by another person, or made
    after the exam was first listed. The time of the first listing is stored with its images.

    Args:
        exams: of the datastore.
        decisions: on the exams.
        images: the datastore.
        models: the serving model.
        share: of normal patients who may be listed; see :func:`mammolens.promotion.contamination.extreme_exams`.

    Attributes:
        share: the same.
    """

    def __init__(
        self, exams: Exams, decisions: Decisions, images: ExamImages, models: ServingModel, share: float
    ) -> None:
        self._exams = exams
        self._decisions = decisions
        self._images = images
        self._models = models
        self.share = share
        self._lock = threading.Lock()
        self._seen: tuple[object, ...] = ()
        self._found: tuple[SuspectNormal, ...] = ()
        self._new: list[Exam] = []
        self._scored: dict[str, tuple[_Made, AcceptedExam | None]] = {}

    def listed(self) -> tuple[SuspectNormal, ...]:
        """The suspect exams, most extreme first; the time of their first listing is stored.

        Raises:
            ModelError: no model serves.
            LedgerError: the decisions cannot be read.
        """
        with self._lock:
            self._find()
            if self._new:
                self._remember(self._new)
                self._seen = ()  # the infos have changed
            return self._found

    def reason_of(self, exam: Exam) -> str | None:
        """Why an exam that was listed awaits a second confirmation; ``None`` if it does not, or was never listed.

        Nothing is stored: otherwise a double click on 'Confirm normal' would confirm twice.

        Raises:
            ModelError: no model serves.
            LedgerError: the decisions cannot be read.
        """
        if self._decisions.verdict(exam) is not Verdict.NORMAL:
            return None
        with self._lock:
            self._find()
            reasons = {one.exam.exam_id: one.reason for one in self._found if one.exam not in self._new}
        return reasons.get(exam.exam_id)

    def all(self, worklist: Worklist) -> SuspectNormalList:
        """The list as clients see it."""
        return SuspectNormalList(
            exams=[_line(worklist.entry(one.exam), one.reason) for one in self.listed()],
            model=self._models.predictor().model_id,
        )

    def _find(self) -> None:
        """Find the suspect exams, and which are new to the list, unless nothing has changed since the last time."""
        predictor, snapshot, exams = self._models.predictor(), self._decisions.now(), self._exams.all()
        seen = (predictor, snapshot, exams, self._images.version())
        if len(self._seen) == len(seen) and all(a is b for a, b in zip(self._seen, seen, strict=True)):
            return
        images = eligible_images(exams.values(), snapshot)
        eligible = {exam.exam_id: exam for exam in images}
        infos = self._infos(eligible.values())
        listed = {exam_id: suspect_since(of_exam) for exam_id, of_exam in infos.items()}
        due = [
            one
            for one in self._extreme(eligible, infos, predictor)
            if not _confirmed(images[eligible[one.exam]], snapshot.of(one.exam), listed[one.exam])
        ]
        self._new = [eligible[one.exam] for one in due if listed[one.exam] is None]
        self._found = tuple(SuspectNormal(eligible[one.exam], one.reason) for one in due)
        self._seen = seen

    def _infos(self, exams: Iterable[Exam]) -> dict[str, list[Mapping[str, Any]]]:
        known = self._images.infos(image_id for exam in exams for image_id in exam.image_ids)
        return {exam.exam_id: [known.get(image_id, {}) for image_id in exam.image_ids] for exam in exams}

    def _extreme(
        self, eligible: Mapping[str, Exam], infos: Mapping[str, list[Mapping[str, Any]]], predictor: Predictor
    ) -> list[Extreme]:
        self._scored = {
            exam_id: self._as_scored((exam, infos[exam_id], predictor)) for exam_id, exam in eligible.items()
        }
        scored = [exam for _, exam in self._scored.values() if exam is not None]
        found = extreme_exams(scored, predictor.calibration.acquisition_groups, self.share)
        scores = {exam.exam: exam.score for exam in scored}
        return sorted(found, key=lambda one: (one.share, -scores[one.exam]))

    def _as_scored(self, made: _Made) -> tuple[_Made, AcceptedExam | None]:
        """The exam as the guard sees it, rebuilt only when something about it has changed."""
        kept = self._scored.get(made[0].exam_id)
        return kept if kept is not None and _same(kept[0], made) else (made, _as_scored(*made))

    def _remember(self, exams: Iterable[Exam]) -> None:
        now = datetime.now(UTC).isoformat()
        if infos := {image_id: {InfoKey.SUSPECT_SINCE.value: now} for exam in exams for image_id in exam.image_ids}:
            self._images.update_image_infos(infos)


def _line(entry: ExamSummary, reason: str) -> SuspectNormalDetail:
    return SuspectNormalDetail(
        exam=entry.exam,
        patient=entry.patient,
        views=entry.views,
        exam_p_value=entry.exam_p_value,
        viewer=entry.viewer,
        reason=reason,
    )


def _confirmed(eligible: Iterable[ImageDescription], decisions: ExamDecisions, listed_at: datetime | None) -> bool:
    """Whether each eligible image of an exam is confirmed twice; two readers of one image each confirm neither."""
    return all(confirmed(decisions.active[image.sop_instance_uid], listed_at) for image in eligible)


def confirmed(active: Sequence[Decision], listed_at: datetime | None) -> bool:
    """Whether there is a second decision for normal: by another person, or after the exam was listed.

    Args:
        active: the decisions on an image that were not undone.
        listed_at: when its exam was first listed; ``None``: never.
    """
    normal = [decision for decision in active if decision.verdict is Verdict.NORMAL]
    people = {decision.reviewer for decision in normal}
    return len(people) > 1 or (listed_at is not None and any(decision.time > listed_at for decision in normal))


def _same(one: _Made, other: _Made) -> bool:
    """Infos are other objects as soon as they change."""
    infos = len(one[1]) == len(other[1]) and all(a is b for a, b in zip(one[1], other[1], strict=True))
    return infos and one[0] == other[0] and one[2] is other[2]


def suspect_since(infos: Iterable[Mapping[str, Any]]) -> datetime | None:
    """When the exam with these infos was first listed; ``None``: never."""
    times = [datetime.fromisoformat(info[InfoKey.SUSPECT_SINCE]) for info in infos if info.get(InfoKey.SUSPECT_SINCE)]
    return min(times, default=None)


def _as_scored(exam: Exam, infos: list[Mapping[str, Any]], predictor: Predictor) -> AcceptedExam | None:
    """As the guard sees it; ``None`` while the serving model has not scored it."""
    inferred = inference_of_exam(exam, infos, predictor)
    if inferred is None:
        return None
    fused = inferred.fused
    scale = predictor.calibration.exam_scales.of_shape(fused.shape).of_group(fused.acquisition_group)
    return AcceptedExam(
        exam=exam.exam_id,
        patient=patient_of(exam),
        acquisition_group=fused.acquisition_group,
        score=fused.exam,
        p_value=inferred.p_value,
        calibration_patients=scale.patients,
    )
