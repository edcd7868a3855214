"""Sentinel exams: are those that the model in use classifies correctly still classified correctly?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scipy.stats import binomtest

from mammolens.datasets.base import Case
from mammolens.errors import InputError
from mammolens.inference.batch import OnError, predict_files
from mammolens.inference.predictor import Predictor
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus
from mammolens.promotion.paired_scores import ModelPair
from mammolens.promotion.policy import PromotionPolicy
from mammolens.types import ExamKey


def check_sentinels(
    models: ModelPair, cases: Sequence[Case], policy: PromotionPolicy, on_error: OnError, on_done: Callable[[], None]
) -> CheckResult | None:
    """Compare the decisions on sentinel exams; ``None`` without sentinels.

    Exams are named by their number in the set, never by patient. An exam that only the serving model can score counts
    as lost if that model classified it correctly. An image that one of the models cannot score makes the check
    inconclusive.

    Args:
        models: serving and candidate.
        cases: an exam is abnormal when one of its images is; cases without a truth are passed over.
        policy: how many may be lost, the interval's level.
        on_error: called with the error of each image that cannot be used, once.
        on_done: called after each image of each model.
    """
    if not cases:
        return None
    truth = {case.path: bool(case.abnormal) for case in cases if case.abnormal is not None}
    known = [case for case in cases if case.path in truth]
    failed: set[str] = set()

    def fail(error: InputError) -> None:
        if error.source not in failed:
            failed.add(error.source)
            on_error(error)
        on_done()

    before = _right(models.serving, known, truth, fail, on_done)
    now = _right(models.candidate, known, truth, fail, on_done)
    if not before:
        reason = f"the model in use could score none of {len(cases)} sentinel images; check the files and their truth"
        return CheckResult(name=CheckName.SENTINELS, outcome=CheckStatus.INCONCLUSIVE, sentence=reason)
    lost = [number for number, (exam, right) in enumerate(before.items(), 1) if right and not now.get(exam, False)]
    share = binomtest(len(lost), len(before)).proportion_ci(policy.level)
    summary = f"{len(lost)} of {len(before)} sentinel exams that were classified correctly are now misclassified"
    numbers = f" (numbers {', '.join(map(str, lost))})" if lost else ""
    unscored = f"; {len(failed)} of {len(known)} sentinel images could not be scored" if failed else ""
    return CheckResult(
        name=CheckName.SENTINELS,
        outcome=_outcome(len(lost), len(failed), policy),
        sentence=f"{summary}{numbers}; {policy.max_failed_sentinels} allowed{unscored}",
        figure=len(lost) / len(before),
        low=float(share.low),
        high=float(share.high),
        limit_high=policy.max_failed_sentinels / len(before),
        patients=len({patient for patient, _ in before}),
    )


def _outcome(lost: int, unscored: int, policy: PromotionPolicy) -> CheckStatus:
    if lost > policy.max_failed_sentinels:
        return CheckStatus.FAILED
    return CheckStatus.INCONCLUSIVE if unscored else CheckStatus.PASSED


def _right(
    model: Predictor,
    cases: Sequence[Case],
    truth: Mapping[Path, bool],
    fail: OnError,
    on_done: Callable[[], None],
) -> dict[ExamKey, bool]:
    """Whether each exam is flagged if and only if one of its images is abnormal, in order of the cases."""
    flagged: dict[ExamKey, bool] = {}
    abnormal: dict[ExamKey, bool] = {}
    attributes = {case.path: case.attributes for case in cases}
    for mammogram, result in predict_files(model, list(attributes), attributes, fail):
        exam = mammogram.header.exam_key
        flagged[exam] = result.record.exam_is_anomalous
        abnormal[exam] = abnormal.get(exam, False) or truth[mammogram.header.path]
        on_done()
    return {exam: flagged[exam] is abnormal[exam] for exam in flagged}
