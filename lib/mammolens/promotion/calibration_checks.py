"""Does the candidate's calibration hold on normal patients that it never saw?"""

from __future__ import annotations

import numpy as np

from mammolens.calibration.realised_rate import rate_band, upper_rate
from mammolens.calibration.uniformity import Shift, uniformity
from mammolens.config import CalibrationConfig
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.trial import Exams
from mammolens.promotion.verdict import Check, CheckName, Outcome


def check_held_back(patients: int, policy: PromotionPolicy) -> Check:
    """Are there patients enough to tell anything?"""
    enough = patients >= policy.fewest_patients
    sentence = (
        f"{patients} held-back normal patients were judged"
        if enough
        else f"only {patients} held-back normal patients can be judged, too few to tell: the gate asks for "
        f"{policy.fewest_patients}; accept more normals, or hold a larger share back"
    )
    return Check(
        name=CheckName.HELD_BACK,
        outcome=Outcome.PASSED if enough else Outcome.UNDECIDED,
        sentence=sentence,
        figure=patients,
        limit_low=policy.fewest_patients,
        patients=patients,
    )


def check_rate(serving: Exams, candidate: Exams, config: CalibrationConfig, policy: PromotionPolicy) -> Check:
    """Is the share of flagged normal patients the promised one?

    Args:
        serving: told beside the candidate's, not judged.
        candidate: of at least one patient.
        config: of the candidate's calibration.
        policy: the band's level.
    """
    patients, rate = len(candidate.flagged), float(candidate.flagged.mean())
    beside = float(serving.flagged.mean())
    rule = DecisionRule.of(config)
    if not rule.promises_rate:
        sentence = f"{rate:.0%} of the normal patients are flagged; the rule '{config.decision}' promises no rate"
        return Check(
            name=CheckName.RATE,
            outcome=Outcome.NOT_JUDGED,
            sentence=sentence,
            figure=rate,
            serving=beside,
            patients=patients,
        )
    low, high = rate_band(candidate.judged, config.alpha, policy.level)
    if not rule.promises_average:
        low, high = 0.0, upper_rate(patients, config.alpha, policy.level)
    kept = low <= rate <= high
    where = "within" if kept else "above" if rate > high else "below"
    sentence = (
        f"{rate:.1%} of {patients} held-back normal patients are flagged, {where} the band "
        f"[{low:.1%}, {high:.1%}] of the promised {config.alpha:.0%}"
    )
    return Check(
        name=CheckName.RATE,
        outcome=Outcome.PASSED if kept else Outcome.FAILED,
        sentence=sentence,
        figure=rate,
        limit_low=low,
        limit_high=high,
        serving=beside,
        patients=patients,
    )


def check_uniformity(serving: Exams, candidate: Exams, policy: PromotionPolicy) -> Check:
    """Are the p-values of normal patients spread evenly? Finds what a rate at one alpha cannot, as flagging nobody."""
    found, beside = (uniformity(exams.p_values, _calibration_patients(exams)) for exams in (candidate, serving))
    even = found.chance >= policy.uniformity_chance
    sentence = f"the p-values of normal patients are even (distance {found.distance:.2f} from uniform)"
    if not even:
        much = "at most" if found.shift is Shift.UP else "less than"
        sentence = (
            f"the scores of normal patients lie {'higher' if found.shift is Shift.UP else 'lower'} than the "
            f"calibration says: {found.share:.0%} of p-values are {much} {found.place:.2f}, "
            f"where {found.place:.0%} are expected (chance {found.chance:.1g}); calibrate the model anew"
        )
    return Check(
        name=CheckName.UNIFORMITY,
        outcome=Outcome.PASSED if even else Outcome.FAILED,
        sentence=sentence,
        figure=found.chance,
        limit_low=policy.uniformity_chance,
        serving=beside.chance,
        patients=found.n,
    )


def _calibration_patients(exams: Exams) -> int:
    """Behind a p-value, on average: machines with patients enough have a scale of their own."""
    sizes, counts = zip(*((part.calibration_patients, part.patients) for part in exams.judged), strict=True)
    return round(float(np.average(sizes, weights=counts)))
