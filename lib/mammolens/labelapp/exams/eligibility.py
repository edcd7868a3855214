"""Which exams and images count as normal."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from mammolens.enums import Verdict
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.ledger_snapshot import Decided, ExamDecisions
from mammolens.review.standing import Standing


def accepted_images(exams: Collection[Exam], decided: Decided) -> dict[Exam, list[ImageDescription]]:
    """The images with the verdict 'normal' by their exams, in order; exams without any are left out.

    An image of which there are copies comes once, by its SOP Instance UID (0008,0018). Nothing comes of a patient with
    a finding on any of her images, one that counts or one that is disputed: her other images may show it, too.
    """
    doubted = {patient_of(exam) for exam in exams if _has_finding(decided.of(exam.exam_id))}
    seen: set[str] = set()
    accepted: dict[Exam, list[ImageDescription]] = {}
    for exam in exams:
        verdicts = decided.of(exam.exam_id).standing.images
        for image in exam.images if patient_of(exam) not in doubted else ():
            uid = image.sop_instance_uid
            if uid not in seen and verdicts.get(uid) is Verdict.NORMAL:
                seen.add(uid)
                accepted.setdefault(exam, []).append(image)
    return accepted


def newly_accepted(decided: Decided, since: datetime | None) -> int:
    """How many exams are accepted as normal by a decision after a time."""
    return sum(_is_accepted(exam.standing, since) for exam in decided.exams.values())


def _is_accepted(standing: Standing, since: datetime | None) -> bool:
    if standing.verdict() is not Verdict.NORMAL:
        return False
    return since is None or any(decision.time > since for decision in standing.decisions)


def patient_of(exam: Exam) -> str:
    """The patient's id; the exam's where there is none, as in a PACS that was filled without."""
    return exam.patient or exam.exam_id


def _has_finding(ours: ExamDecisions) -> bool:
    """Whether a finding counts on any image, or somebody says so where there is no verdict yet."""
    for uid, verdict in ours.standing.images.items():
        disputed = verdict is None and any(one.verdict is Verdict.FINDING for one in ours.counting.get(uid, ()))
        if verdict is Verdict.FINDING or disputed:
            return True
    return False
