"""False-positive-rate control: the realised rate overall, by site and by machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import binom

from mammolens.config import FusionConfig
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.exams import exams_with_decision
from mammolens.evaluation.grouping import by_machine, by_site
from mammolens.evaluation.results import FalsePositiveControl
from mammolens.evaluation.scored import ScoredImage, Unit, columns


def false_positive_control(
    images: Sequence[ScoredImage], alpha: float, fusion: FusionConfig, rule: DecisionRule
) -> Iterator[FalsePositiveControl]:
    """Realised and nominal rate of images, then of exams whose decision is known.

    Yields nothing for a rule that does not control the rate; the band begins at 0 if the rate is meant to lie below
    alpha.
    """
    if not rule.controls_rate:
        return
    units: list[tuple[Unit, Sequence[ScoredImage]]] = [("image", images), ("exam", exams_with_decision(images, fusion))]
    for unit, members in units:
        for name, group in [*by_site(members), *by_machine(members)]:
            rows = columns(group)
            if count := int((~rows.abnormal).sum()):
                patients = len(np.unique(rows.patients[~rows.abnormal]))
                realised = float(rows.flagged[~rows.abnormal].mean())
                low, high = binomial_band(alpha, patients)
                yield FalsePositiveControl(
                    name, unit, patients, count, realised, low if rule.controls_average_rate else 0.0, high
                )


def binomial_band(alpha: float, patients: int, level: float = 0.95) -> tuple[float, float]:
    """Shares between which the flagged part of so many normal patients lies if each is flagged with ``alpha``.

    Patients are the trials, because the images of one woman are not independent. The spread that comes from a
    finite calibration set is not in it.
    """
    low, high = binom.interval(level, patients, alpha)
    return float(low) / patients, float(high) / patients
