"""Exams that were chosen because they must not be lost: is each that was decided rightly still so?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scipy.stats import binomtest

from mammolens.datasets.base import Case
from mammolens.errors import InputError
from mammolens.inference.batch import OnError, predict_files
from mammolens.inference.predictor import Predictor
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.trial import Pair
from mammolens.promotion.verdict import Check, CheckName, Outcome
from mammolens.types import ExamKey


def check_sentinels(
    models: Pair, cases: Sequence[Case], policy: PromotionPolicy, on_error: OnError, on_done: Callable[[], None]
) -> Check | None:
    """Compare the decisions on sentinel exams; ``None`` where no case has a truth.

    Exams are named by their number in the set's order, never by whose they are.

    Args:
        models: serving and candidate.
        cases: an exam is abnormal when one of its images is; cases without a truth are passed over.
        policy: how many may be lost, the interval's level.
        on_error: told of each image that cannot be used, once.
        on_done: called after each image of each model.
    """
    known = [case for case in cases if case.abnormal is not None]
    truth = {case.path: bool(case.abnormal) for case in known}
    quiet: OnError = lambda _error: None  # noqa: E731 - the other model has told it
    before = _right(models.serving, known, truth, on_error, on_done)
    now = _right(models.candidate, known, truth, quiet, on_done)
    exams = [exam for exam in before if exam in now]
    if not exams:
        return None
    lost = [number for number, exam in enumerate(exams, 1) if before[exam] and not now[exam]]
    share = binomtest(len(lost), len(exams)).proportion_ci(policy.level)
    told = f"{len(lost)} of {len(exams)} sentinel exams that were decided rightly are decided wrongly now"
    numbers = f" (in their order: {', '.join(map(str, lost))})" if lost else ""
    return Check(
        name=CheckName.SENTINELS,
        outcome=Outcome.PASSED if len(lost) <= policy.sentinels_may_fail else Outcome.FAILED,
        sentence=f"{told}{numbers}; {policy.sentinels_may_fail} may be",
        figure=len(lost) / len(exams),
        low=float(share.low),
        high=float(share.high),
        limit_high=policy.sentinels_may_fail / len(exams),
        patients=len({patient for patient, _ in exams}),
    )


def _right(
    model: Predictor,
    cases: Sequence[Case],
    truth: Mapping[Path, bool],
    on_error: OnError,
    on_done: Callable[[], None],
) -> dict[ExamKey, bool]:
    """Whether each exam is flagged if and only if one of its images is abnormal, in order of the cases."""

    def fail(error: InputError) -> None:
        on_error(error)
        on_done()

    flagged: dict[ExamKey, bool] = {}
    abnormal: dict[ExamKey, bool] = {}
    attributes = {case.path: case.attributes for case in cases}
    for mammogram, result in predict_files(model, list(attributes), attributes, fail):
        exam = mammogram.header.exam_key
        flagged[exam] = result.record.exam_is_anomalous
        abnormal[exam] = abnormal.get(exam, False) or truth[mammogram.header.path]
        on_done()
    return {exam: flagged[exam] is abnormal[exam] for exam in flagged}
