"""Does the candidate detect synthetic lesions of kinds not used in training, as well as the model in use does?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mammolens.evaluation.bootstrap import Interval, PatientBootstrap, Statistic, difference
from mammolens.evaluation.metrics import auroc
from mammolens.evaluation.scored import Bools, Floats
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus
from mammolens.promotion.non_inferiority import compared, finite
from mammolens.promotion.paired_scores import PairedScores
from mammolens.promotion.policy import PromotionPolicy

_CHANCE = 0.5


def check_synthetic_lesions(scores: PairedScores, policy: PromotionPolicy) -> Iterator[CheckResult]:
    """AUROC of images with a with_lesion lesion against the same images without: against chance, then against serving.

    Args:
        scores: of at least one image.
        policy: margin, level and seed.
    """
    patients = np.concatenate([scores.patients, scores.patients])
    abnormal = np.repeat([False, True], len(scores.patients))
    serving, candidate = (np.concatenate([scores.plain[row], scores.with_lesion[row]]) for row in (0, 1))
    bootstrap = PatientBootstrap.of(patients, abnormal, policy.resamples, policy.synthetic_seed)
    own, beside = (bootstrap.interval(_auroc(abnormal, scores), policy.level) for scores in (candidate, serving))
    yield _seen(own, beside)
    loss = bootstrap.interval(difference(auroc, abnormal, serving, candidate), policy.level)
    what = f"AUROC of {len(scores.patients)} images with a synthetic lesion vs. the same images without"
    yield compared(CheckName.DETECTION_LOSS, loss, policy.synthetic_margin, what)


def same_weights() -> CheckResult:
    """Replaces the lesion checks for a model that was only recalibrated."""
    sentence = "the weights are those of the model in use; only the calibration differs"
    return CheckResult(name=CheckName.WEIGHTS, outcome=CheckStatus.NOT_TESTED, sentence=sentence)


def _auroc(abnormal: Bools, scores: Floats) -> Statistic:
    return partial(auroc, abnormal, scores)


def _seen(own: Interval, serving: Interval) -> CheckResult:
    better = own.low > _CHANCE
    figure = f"AUROC {own.value:.3f} [{own.low:.3f}, {own.high:.3f}]"
    sentence = f"the candidate detects synthetic lesions, {figure}"
    if not better:
        sentence = f"the candidate is not shown to detect synthetic lesions better than chance, {figure}"
    return CheckResult(
        name=CheckName.DETECTION,
        outcome=CheckStatus.PASSED if better else CheckStatus.FAILED,
        sentence=sentence,
        figure=finite(own.value),
        low=finite(own.low),
        high=finite(own.high),
        limit_low=_CHANCE,
        serving=finite(serving.value),
        patients=own.n_patients,
    )
