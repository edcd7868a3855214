"""Does the candidate's calibration hold on unseen normal patients?"""

from __future__ import annotations

import numpy as np

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.uniformity import Shift, uniformity
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus
from mammolens.promotion.paired_scores import ExamPredictions
from mammolens.promotion.policy import PromotionPolicy


def check_held_out(patients: int, policy: PromotionPolicy) -> CheckResult:
    """Are there enough held-out patients?"""
    enough = patients >= policy.min_patients
    sentence = (
        f"{patients} held-out normal patients were scored"
        if enough
        else f"only {patients} held-out normal patients could be scored; the gate needs "
        f"{policy.min_patients}: accept more normals, or hold out a larger share"
    )
    return CheckResult(
        name=CheckName.HELD_OUT,
        outcome=CheckStatus.PASSED if enough else CheckStatus.INCONCLUSIVE,
        sentence=sentence,
        figure=patients,
        limit_low=policy.min_patients,
        patients=patients,
    )


def check_rate(
    serving: ExamPredictions, candidate: ExamPredictions, calibration: Calibration, policy: PromotionPolicy
) -> CheckResult:
    """Can the candidate flag an exam, and does the share of flagged normal patients agree with the nominal rate?

    Args:
        serving: reported with the candidate, not tested.
        candidate: of at least one patient.
        calibration: the candidate's.
        policy: the band's level.
    """
    patients, rate = len(candidate.flagged), float(candidate.flagged.mean())
    beside, config = float(serving.flagged.mean()), calibration.config
    if calibration.cannot_flag is not None:  # whose band is [0, 0], which a rate of 0 would fit
        return CheckResult(
            name=CheckName.RATE,
            outcome=CheckStatus.FAILED,
            sentence=f"the model {calibration.cannot_flag}; calibrate it on more normal patients",
            figure=rate,
            serving=beside,
            patients=patients,
        )
    rule = DecisionRule.of(config)
    if not rule.controls_rate:
        sentence = f"{rate:.0%} of normal patients are flagged; the rule '{config.decision}' does not control the rate"
        return CheckResult(
            name=CheckName.RATE,
            outcome=CheckStatus.NOT_TESTED,
            sentence=sentence,
            figure=rate,
            serving=beside,
            patients=patients,
        )
    low, high = rule.rate_band(candidate.evaluated, config.alpha, policy.level)
    kept = low <= rate <= high
    where = "within" if kept else "above" if rate > high else "below"
    sentence = (
        f"{rate:.1%} of {patients} held-out normal patients are flagged, {where} the band "
        f"[{low:.1%}, {high:.1%}] of the nominal {config.alpha:.0%}"
    )
    return CheckResult(
        name=CheckName.RATE,
        outcome=CheckStatus.PASSED if kept else CheckStatus.FAILED,
        sentence=sentence,
        figure=rate,
        limit_low=low,
        limit_high=high,
        serving=beside,
        patients=patients,
    )


def check_uniformity(serving: ExamPredictions, candidate: ExamPredictions, policy: PromotionPolicy) -> CheckResult:
    """Are the p-values of normal patients uniform? Detects faults that the rate at one alpha misses."""
    found, beside = (uniformity(exams.p_values, _calibration_patients(exams)) for exams in (candidate, serving))
    even = found.p_value >= policy.min_uniformity_p_value
    sentence = f"the p-values of normal patients are uniform (Kolmogorov-Smirnov distance {found.distance:.2f})"
    if not even:
        much = "at most" if found.shift is Shift.UP else "less than"
        sentence = (
            f"the scores of normal patients are {'higher' if found.shift is Shift.UP else 'lower'} than the "
            f"calibration expects: {found.share:.0%} of p-values are {much} {found.location:.2f}, "
            f"where {found.location:.0%} are expected (p = {found.p_value:.1g}); recalibrate the model"
        )
    return CheckResult(
        name=CheckName.UNIFORMITY,
        outcome=CheckStatus.PASSED if even else CheckStatus.FAILED,
        sentence=sentence,
        figure=found.p_value,
        limit_low=policy.min_uniformity_p_value,
        serving=beside.p_value,
        patients=found.n,
    )


def _calibration_patients(exams: ExamPredictions) -> int:
    """Behind a p-value, on average: machines with patients enough have a scale of their own."""
    sizes = [part.calibration_patients or 0 for part in exams.evaluated]  # all known: the gate asks the models
    return round(float(np.average(sizes, weights=[part.patients for part in exams.evaluated])))
