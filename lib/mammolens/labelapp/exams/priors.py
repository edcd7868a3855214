"""Which exams of a patient are earlier than another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mammolens.enums import QualityFlag
from mammolens.labelapp.exams.exam import Exam


def priors_among(others: Iterable[Exam], exam: Exam) -> list[Exam]:
    """The exams of an earlier day, the latest first.

    Exams of the same day are parts of one examination or repetitions, and one without a Study Date (0008,0020) may be
    of any day: neither is a prior.

    Args:
        others: other exams of the same patient.
        exam: the current one.
    """
    current = exam.study_date
    if current is None:
        return []
    dated = [(other.study_date, other) for other in others if other.study_date is not None]
    earlier = [(day, other) for day, other in dated if day < current]
    return [other for _, other in sorted(earlier, key=lambda one: (one[0], one[1].exam_id), reverse=True)]


def prior_cautions(others: Sequence[Exam], exam: Exam) -> list[str]:
    """What a reader must know about the priors, a sentence each; empty if there is nothing to say.

    Args:
        others: other exams of the same patient.
        exam: the current one.
    """
    if not others:
        return []
    found = []
    if exam.study_date is None:
        found.append("This exam has no date: which of the patient's other exams are earlier is unknown.")
    elif undated := sum(other.study_date is None for other in others):
        are = "1 other exam of this patient has" if undated == 1 else f"{undated} other exams of this patient have"
        found.append(f"{are} no date and cannot be compared.")
    flags = {flag for one in (exam, *others) for image in one.images for flag in image.identity_doubts}
    if QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS in flags:
        found.append("Several issuers assigned this Patient ID: other exams may be of another person.")
    return found
