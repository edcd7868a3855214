"""Does the candidate see synthetic lesions of kinds that training never drew, and as well as the serving model?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mammolens.evaluation.bootstrap import Interval, PatientBootstrap, Statistic, difference
from mammolens.evaluation.metrics import auroc
from mammolens.evaluation.scored import Bools, Floats
from mammolens.promotion.comparing import compared, finite
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.trial import Trial
from mammolens.promotion.verdict import Check, CheckName, Outcome

_CHANCE = 0.5


def check_suite(trial: Trial, policy: PromotionPolicy) -> Iterator[Check]:
    """AUROC of images with a planted lesion against the same images without: against chance, then against serving.

    Args:
        trial: of at least one image.
        policy: margin, level and seed.
    """
    patients = np.concatenate([trial.patients, trial.patients])
    abnormal = np.repeat([False, True], len(trial.patients))
    serving, candidate = (np.concatenate([trial.plain[row], trial.planted[row]]) for row in (0, 1))
    bootstrap = PatientBootstrap.of(patients, abnormal, policy.resamples, policy.suite_seed)
    own, beside = (bootstrap.interval(_auroc(abnormal, scores), policy.level) for scores in (candidate, serving))
    yield _seen(own, beside)
    loss = bootstrap.interval(difference(auroc, abnormal, serving, candidate), policy.level)
    what = f"AUROC of {len(trial.patients)} images with a synthetic lesion against the same without"
    yield compared(CheckName.SUITE, loss, policy.suite_margin, what)


def same_weights() -> Check:
    """In place of the suite, for a model that was only calibrated anew: it sees what the serving one sees."""
    sentence = "the weights are those of the serving model, so that it sees the same; only the calibration is new"
    return Check(name=CheckName.WEIGHTS, outcome=Outcome.NOT_JUDGED, sentence=sentence)


def _auroc(abnormal: Bools, scores: Floats) -> Statistic:
    return partial(auroc, abnormal, scores)


def _seen(own: Interval, serving: Interval) -> Check:
    better = own.low > _CHANCE
    figure = f"AUROC {own.value:.3f} [{own.low:.3f}, {own.high:.3f}]"
    sentence = f"the candidate tells synthetic lesions from normal images, {figure}"
    if not better:
        sentence = f"the candidate is not shown to see synthetic lesions any better than chance, {figure}"
    return Check(
        name=CheckName.SIGHT,
        outcome=Outcome.PASSED if better else Outcome.FAILED,
        sentence=sentence,
        figure=finite(own.value),
        low=finite(own.low),
        high=finite(own.high),
        limit_low=_CHANCE,
        serving=finite(serving.value),
        patients=own.n_patients,
    )
