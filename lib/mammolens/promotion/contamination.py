"""Contamination: exams accepted as normal whose scores are too extreme to train on without a second reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np

from mammolens.calibration.conformal import min_patients
from mammolens.calibration.realised_rate import EvaluatedPatients, rate_band
from mammolens.calibration.uniformity import uniformity

SHARE = 0.05
"""Of normal patients who are set aside, on average."""

_LEVEL = 0.99  # at which scores agree with the calibration


@dataclass(frozen=True, slots=True)
class AcceptedExam:
    """An exam that was accepted as normal, as the serving model sees it.

    Attributes:
        exam: its id.
        patient: has weight one, however many exams there are.
        acquisition_group: the machine; ``None`` where it is not known or they are several.
        score: fused and standardised.
        p_value: of the score among the serving calibration's patients, in (0, 1].
        calibration_patients: number of patients behind that p-value.
    """

    exam: str
    patient: str
    acquisition_group: str | None
    score: float
    p_value: float
    calibration_patients: int


@dataclass(frozen=True, slots=True)
class Extreme:
    """An exam to review again: the share of patients expected to score at least as high, and the same in words."""

    exam: str
    share: float
    reason: str


def extreme_exams(
    exams: Sequence[AcceptedExam], known_groups: Collection[str], share: float = SHARE
) -> tuple[Extreme, ...]:
    """The exams whose score is extreme, machine by machine, in the order given.

    If the machine is in the serving calibration and its scores have not shifted (p-values uniform, and as many patients
    extreme as expected), an exam is extreme if its p-value is at most ``share``. Otherwise the p-value is computed
    among the accepted patients of the machine, each compared with the others (a leave-one-out conformal p-value): the
    highest are then set aside, at most ``share`` of patients, and none if there are fewer than ``1 / share``. Mistakes
    among the accepted exams hide others only if there are more of them than that.

    Args:
        exams: all accepted ones.
        known_groups: machines of the serving calibration; if it has none, all count as known.
        share: of normal patients who may be set aside, within (0, 1); 0: none.
    """
    if not share:
        return ()
    found: dict[str, Extreme] = {}
    for group in {exam.acquisition_group for exam in exams}:
        members = [exam for exam in exams if exam.acquisition_group == group]
        known = group in known_groups if known_groups else True
        find = _by_calibration if known and _agrees(members, share) else _among_themselves
        found |= {one.exam: one for one in find(members, share)}
    return tuple(found[exam.exam] for exam in exams if exam.exam in found)


def _agrees(members: Sequence[AcceptedExam], share: float) -> bool:
    """Whether the accepted exams agree with the calibration, each patient by the first exam."""
    if min(exam.calibration_patients for exam in members) < min_patients(share):
        return False
    first = list({exam.patient: exam for exam in reversed(members)}.values())
    p_values = np.array([exam.p_value for exam in first])
    sizes = Counter(exam.calibration_patients for exam in first)
    if uniformity(p_values, min(sizes)).p_value < 1 - _LEVEL:
        return False
    low, high = rate_band([EvaluatedPatients(count, patients) for patients, count in sizes.items()], share, _LEVEL)
    return low <= float((p_values <= share).mean()) <= high


def _by_calibration(members: Sequence[AcceptedExam], share: float) -> list[Extreme]:
    words = "only {:.1%} of normal patients are expected to score as high"
    return [Extreme(exam.exam, exam.p_value, words.format(exam.p_value)) for exam in members if exam.p_value <= share]


def _among_themselves(members: Sequence[AcceptedExam], share: float) -> list[Extreme]:
    exams = Counter(exam.patient for exam in members)
    machine = members[0].acquisition_group or "an unknown machine"
    found: list[Extreme] = []
    higher: list[AcceptedExam] = []  # or as high
    for _, equal in groupby(sorted(members, key=_score, reverse=True), key=_score):
        tied = list(equal)
        higher += tied
        for exam in tied:
            others = [Fraction(1, exams[other.patient]) for other in higher if other.patient != exam.patient]
            reaching = sum(others, Fraction(1)) / len(exams)
            if reaching <= share:
                reason = (
                    f"only {float(reaching):.1%} of the {len(exams)} patients accepted as normal on {machine} "
                    f"score as high"
                )
                found.append(Extreme(exam.exam, float(reaching), reason))
        if sum(Fraction(1, exams[exam.patient]) for exam in higher) > share * len(exams) + 1:
            break
    return found


def _score(exam: AcceptedExam) -> float:
    return exam.score
