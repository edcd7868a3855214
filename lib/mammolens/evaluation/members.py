"""What each member of an ensemble is worth: alone, and by what the ensemble loses without it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

import numpy as np

from mammolens.calibration.fusion import ensemble_score
from mammolens.config import MembersConfig
from mammolens.evaluation import metrics
from mammolens.evaluation.bootstrap import PatientBootstrap, difference
from mammolens.evaluation.results import MemberResult
from mammolens.evaluation.scored import Floats, ScoredImage, columns


def measure_members(
    images: Sequence[ScoredImage], ensemble: MembersConfig, n_bootstrap: int, seed: int, level: float
) -> Iterator[MemberResult]:
    """Measure the members on the images that all of them scored; nothing without normal and abnormal ones.

    The whole ensemble and the one without a member are compared as fused scores, before the ensemble's own
    standardisation: there is none for the ensemble without it, and the members' scores are standardised already.

    Args:
        images: with ``member_scores``.
        ensemble: the members, and how their scores are fused.
        n_bootstrap: resamples of patients.
        seed: of the bootstrap.
        level: of the intervals.
    """
    known = [image for image in images if set(image.member_scores) >= set(ensemble.names)]
    rows = columns(known)
    if len(np.unique(rows.abnormal)) < 2:
        return
    resamples = PatientBootstrap.of(rows.patients, rows.abnormal, n_bootstrap, seed)
    whole = _fused(known, ensemble, ensemble.names)
    for name in ensemble.names:
        others = [other for other in ensemble.names if other != name]
        alone, without = (_fused(known, ensemble, names) for names in ([name], others))
        yield MemberResult(
            name,
            resamples.interval(partial(metrics.auroc, rows.abnormal, alone), level),
            resamples.interval(partial(metrics.auroc, rows.abnormal, without), level),
            resamples.interval(difference(metrics.auroc, rows.abnormal, without, whole), level),
        )


def _fused(images: Sequence[ScoredImage], ensemble: MembersConfig, names: Collection[str]) -> Floats:
    scores = [ensemble_score({name: image.member_scores[name] for name in names}, ensemble) for image in images]
    return np.array(scores, dtype=np.float64)
