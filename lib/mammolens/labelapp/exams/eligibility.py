"""Which images are eligible for training: confirmed as normal, of patients without a finding."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from mammolens.datasets.normals import affected_patients
from mammolens.enums import Verdict
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions, LedgerSnapshot
from mammolens.review.effective_verdict import EffectiveVerdict


def eligible_images(exams: Collection[Exam], snapshot: LedgerSnapshot) -> dict[Exam, list[ImageDescription]]:
    """Images whose effective verdict is 'normal', by exam; exams without any are left out.

    Copies of an image are returned once, by SOP Instance UID (0008,0018). A patient with a finding on any image,
    effective or disputed, is excluded (:mod:`mammolens.datasets.normals`).

    Args:
        exams: to choose from; their order is kept.
        snapshot: the decisions.
    """
    affected = affected_patients((patient_of(exam), _has_finding(snapshot.of(exam.exam_id))) for exam in exams)
    seen: set[str] = set()
    eligible: dict[Exam, list[ImageDescription]] = {}
    for exam in exams:
        verdicts = snapshot.of(exam.exam_id).effective.images
        for image in exam.images if patient_of(exam) not in affected else ():
            uid = image.sop_instance_uid
            if uid not in seen and verdicts.get(uid) is Verdict.NORMAL:
                seen.add(uid)
                eligible.setdefault(exam, []).append(image)
    return eligible


def count_normals(snapshot: LedgerSnapshot, since: datetime | None, until: datetime) -> int:
    """Number of exams whose effective verdict is 'normal' by a decision after ``since`` and not after ``until``.

    Args:
        snapshot: of the ledger.
        since: ``None``: at any time.
        until: this moment, which a clock that was set back may put before decisions.
    """
    return sum(_is_normal(exam.effective, since, until) for exam in snapshot.exams.values())


def patient_of(exam: Exam) -> str:
    """The patient id; the exam id if there is none, as in an anonymised PACS."""
    return exam.patient or exam.exam_id


def _is_normal(effective: EffectiveVerdict, since: datetime | None, until: datetime) -> bool:
    if effective.verdict() is not Verdict.NORMAL:
        return False
    return any((since is None or decision.time > since) and decision.time <= until for decision in effective.decisions)


def _has_finding(decisions: ExamDecisions) -> bool:
    """Whether any image has a finding, or a reader reported one and there is no effective verdict yet."""
    for uid, verdict in decisions.effective.images.items():
        disputed = verdict is None and any(one.verdict is Verdict.FINDING for one in decisions.active.get(uid, ()))
        if verdict is Verdict.FINDING or disputed:
            return True
    return False
