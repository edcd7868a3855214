"""Exams that were accepted as normal and do not look like it: nobody learns from them until a person looks again."""

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
from mammolens.labelapp.exams.eligibility import accepted_images, patient_of
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.exams.worklist_entry import judgement_of
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import ExamSummary
from mammolens.labelapp.responses.learning import SecondLookExam, SecondLookList
from mammolens.labelapp.serving import Serving
from mammolens.promotion.contamination import AcceptedExam, Extreme, extreme_exams
from mammolens.review.decision import Decision

_Made = tuple[Exam, list[Mapping[str, Any]], Predictor]  # what a line of the guard was made of


@dataclass(frozen=True, slots=True)
class SetAside:
    """An exam that waits for a second look."""

    exam: Exam
    reason: str


class SecondLook:
    """Finds the exams to look at once more, among those that the serving model has scored.

    An exam stays on the list until a second decision for normal stands on each of its accepted images: another
    person's, or one that was taken after the exam was first listed. When that was is remembered with its images.

    Args:
        exams: which there are.
        decisions: on them.
        images: what is remembered of theirs.
        models: the serving model.
        share: of normal patients who may be listed; see :func:`mammolens.promotion.contamination.extreme_exams`.

    Attributes:
        share: the same.
    """

    def __init__(self, exams: Exams, decisions: Decisions, images: ExamImages, models: Serving, share: float) -> None:
        self._exams = exams
        self._decisions = decisions
        self._images = images
        self._models = models
        self.share = share
        self._lock = threading.Lock()
        self._seen: tuple[object, ...] = ()
        self._found: tuple[SetAside, ...] = ()
        self._scored: dict[str, tuple[_Made, AcceptedExam | None]] = {}

    def listed(self) -> tuple[SetAside, ...]:
        """The exams, the most extreme first; from now on each counts as listed.

        Raises:
            ModelError: no model serves.
            LedgerError: the decisions cannot be read.
        """
        predictor, decided, exams = self._models.predictor(), self._decisions.now(), self._exams.all()
        seen = (predictor, decided, exams, self._images.version())
        with self._lock:
            if len(self._seen) != len(seen) or any(a is not b for a, b in zip(self._seen, seen, strict=True)):
                images = accepted_images(exams.values(), decided)
                accepted = {exam.exam_id: exam for exam in images}
                infos = self._infos(accepted.values())
                listed = {exam_id: first_listed_at(of_exam) for exam_id, of_exam in infos.items()}
                due = [
                    one
                    for one in self._extreme(accepted, infos, predictor)
                    if not _confirmed(images[accepted[one.exam]], decided.of(one.exam), listed[one.exam])
                ]
                new = [accepted[one.exam] for one in due if listed[one.exam] is None]
                self._remember(new)
                self._found = tuple(SetAside(accepted[one.exam], one.reason) for one in due)
                self._seen = () if new else seen  # what was remembered is another version
            return self._found

    def all(self, worklist: Worklist) -> SecondLookList:
        """The list as clients see it."""
        return SecondLookList(
            exams=[_line(worklist.entry(one.exam), one.reason) for one in self.listed()],
            model=self._models.predictor().model_id,
        )

    def _infos(self, exams: Iterable[Exam]) -> dict[str, list[Mapping[str, Any]]]:
        known = self._images.infos(image_id for exam in exams for image_id in exam.image_ids)
        return {exam.exam_id: [known.get(image_id, {}) for image_id in exam.image_ids] for exam in exams}

    def _extreme(
        self, accepted: Mapping[str, Exam], infos: Mapping[str, list[Mapping[str, Any]]], predictor: Predictor
    ) -> list[Extreme]:
        self._scored = {
            exam_id: self._as_scored((exam, infos[exam_id], predictor)) for exam_id, exam in accepted.items()
        }
        scored = [exam for _, exam in self._scored.values() if exam is not None]
        found = extreme_exams(scored, predictor.calibration.acquisition_groups, self.share)
        return sorted(found, key=lambda one: one.share)

    def _as_scored(self, made: _Made) -> tuple[_Made, AcceptedExam | None]:
        """What the guard sees of an exam; made anew only when something about it has changed."""
        kept = self._scored.get(made[0].exam_id)
        return kept if kept is not None and _same(kept[0], made) else (made, _as_scored(*made))

    def _remember(self, exams: Iterable[Exam]) -> None:
        now = datetime.now(UTC).isoformat()
        if marks := {image_id: {InfoKey.SECOND_LOOK.value: now} for exam in exams for image_id in exam.image_ids}:
            self._images.update_image_infos(marks)


def _line(entry: ExamSummary, reason: str) -> SecondLookExam:
    return SecondLookExam(
        exam=entry.exam,
        patient=entry.patient,
        views=entry.views,
        exam_p_value=entry.exam_p_value,
        viewer=entry.viewer,
        reason=reason,
    )


def _confirmed(accepted: Iterable[ImageDescription], ours: ExamDecisions, listed_at: datetime | None) -> bool:
    """Whether each accepted image of an exam is; two people who looked at one image each confirm neither."""
    return all(confirmed(ours.counting[image.sop_instance_uid], listed_at) for image in accepted)


def confirmed(standing: Sequence[Decision], listed_at: datetime | None) -> bool:
    """Whether a second decision for normal stands: of another person, or later than the exam was listed.

    Args:
        standing: the decisions on an image that are not undone.
        listed_at: when its exam was; ``None``: never.
    """
    normal = [decision for decision in standing if decision.verdict is Verdict.NORMAL]
    people = {decision.reviewer for decision in normal}
    return len(people) > 1 or (listed_at is not None and any(decision.time > listed_at for decision in normal))


def _same(one: _Made, other: _Made) -> bool:
    """Infos are other objects as soon as they change."""
    infos = len(one[1]) == len(other[1]) and all(a is b for a, b in zip(one[1], other[1], strict=True))
    return infos and one[0] == other[0] and one[2] is other[2]


def first_listed_at(infos: Iterable[Mapping[str, Any]]) -> datetime | None:
    """When the exam of these images' infos was first listed; ``None``: never."""
    times = [datetime.fromisoformat(info[InfoKey.SECOND_LOOK]) for info in infos if info.get(InfoKey.SECOND_LOOK)]
    return min(times, default=None)


def _as_scored(exam: Exam, infos: list[Mapping[str, Any]], predictor: Predictor) -> AcceptedExam | None:
    """As the guard sees it; ``None`` while the serving model has not scored it."""
    judgement = judgement_of(exam, infos, predictor)
    if judgement is None:
        return None
    fused = judgement.fused
    scale = predictor.calibration.exam_scales.of_shape(fused.shape).of_group(fused.acquisition_group)
    return AcceptedExam(
        exam=exam.exam_id,
        patient=patient_of(exam),
        acquisition_group=fused.acquisition_group,
        score=fused.exam,
        p_value=judgement.p_value,
        calibration_patients=scale.patients,
    )
