"""What if the scores decided how many people read an exam: workload, cancers found and false recalls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from mammolens.errors import ConfigError
from mammolens.evaluation.bootstrap import Interval, PatientBootstrap
from mammolens.evaluation.metrics import Weights, cumulated
from mammolens.evaluation.scored import Columns, Floats

_LEVEL: Final = 0.95
EXAMS: Final = 1000  # screened, to which the results refer


@dataclass(frozen=True, slots=True)
class ReadingPolicy:
    """How many people read an exam, by its score.

    Attributes:
        low_share: of the normal exams, those with the lowest scores.
        high_share: of the normal exams, those with the highest scores.
        low_readings: of each exam up to the low share's highest score.
        readings: of each exam between, and of all today.
        high_readings: of each exam above.

    Raises:
        ConfigError: shares that are none, or overlap; a number of readings below 0.
    """

    low_share: float = 0.3
    high_share: float = 0.05
    low_readings: int = 1
    readings: int = 2
    high_readings: int = 3

    def __post_init__(self) -> None:
        if not (0 <= self.low_share <= 1 and 0 <= self.high_share <= 1 and self.low_share + self.high_share <= 1):
            shares = f"{100 * self.low_share:g} % and {100 * self.high_share:g} %"
            raise ConfigError("shares", f"{shares} are not parts of all exams", "give shares that add up to 1 at most")
        if min(self.low_readings, self.readings, self.high_readings) < 0:
            raise ConfigError("readings", "is below 0", "give 0 for exams that nobody reads, or more")


@dataclass(frozen=True, slots=True)
class Screening:
    """Assumed readers and prevalence; the scores say nothing about them.

    A person finds a cancer with probability ``sensitivity`` and recalls a normal exam with ``1 - specificity``,
    independently of the others; one recall is enough. Sensitivity and specificity are those of digital screening in
    the United States (Lehman et al., Radiology 2017), and the prevalence fits the cancers detected there.

    Raises:
        ConfigError: a number that is not a probability.
    """

    sensitivity: float = 0.869
    specificity: float = 0.889
    prevalence: float = 0.006

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity", "prevalence"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise ConfigError(name, f"{value:g} is not a probability", "give a number from 0 to 1")

    def found(self, readings: int) -> float:
        """Share of the cancers that at least one of this many readings finds."""
        return 1 - (1 - self.sensitivity) ** readings

    def recalled(self, readings: int) -> float:
        """Share of the normal exams that at least one of this many readings recalls."""
        return 1 - self.specificity**readings


@dataclass(frozen=True, slots=True)
class Consequence:
    """One figure under today's reading and under the policy, and the difference, with intervals by patient."""

    today: float
    policy: Interval
    difference: Interval


@dataclass(frozen=True, slots=True)
class Simulation:
    """The consequences of a policy.

    Attributes:
        normal, abnormal: number of exams that were simulated.
        patients: their number.
        low_abnormal: share of the abnormal exams among those with the lowest scores: the triage curve of an evaluation.
        high_abnormal: share of the abnormal exams among those with the highest scores.
        readings: per 1,000 exams.
        cancers: found per 1,000 exams.
        false_recalls: per 1,000 exams.
    """

    policy: ReadingPolicy
    screening: Screening
    normal: int
    abnormal: int
    patients: int
    low_abnormal: Interval
    high_abnormal: Interval
    readings: Consequence
    cancers: Consequence
    false_recalls: Consequence


def simulate(
    exams: Columns, policy: ReadingPolicy, screening: Screening, *, n_bootstrap: int = 2000, seed: int = 0
) -> Simulation:
    """Simulate a policy on exams whose outcome is known.

    The shares of the policy refer to normal exams, as nearly all are in screening; exams that tie with the score where
    the low share ends belong to it. Normal and abnormal exams are weighted to the assumed prevalence.

    Args:
        exams: scored; growing with deviation.
        policy: how many people read them.
        screening: assumed readers.
        n_bootstrap: resamples of patients.
        seed: of the resamples.
    """
    resamples = PatientBootstrap.of(exams.patients, exams.abnormal, n_bootstrap, seed)

    def interval(of: int) -> Interval:
        return resamples.interval(lambda weights: _abnormal_bands(exams, policy, weights)[..., of], _LEVEL)

    def consequence(per_normal: Sequence[float], per_abnormal: Sequence[float]) -> Consequence:
        """Of what an exam of each band counts for, and of today's, which is that of the middle band."""
        figure = partial(_per_thousand, exams, policy, screening, np.array(per_normal), np.array(per_abnormal))
        today = float(_weighted(screening, np.asarray(per_normal[1]), np.asarray(per_abnormal[1])))
        return Consequence(
            today,
            resamples.interval(figure, _LEVEL),
            resamples.interval(lambda weights: figure(weights) - today, _LEVEL),
        )

    times = (policy.low_readings, policy.readings, policy.high_readings)
    nothing = (0.0, 0.0, 0.0)
    return Simulation(
        policy=policy,
        screening=screening,
        normal=int((~exams.abnormal).sum()),
        abnormal=int(exams.abnormal.sum()),
        patients=len(np.unique(exams.patients)),
        low_abnormal=interval(0),
        high_abnormal=interval(2),
        readings=consequence(times, times),
        cancers=consequence(nothing, [screening.found(number) for number in times]),
        false_recalls=consequence([screening.recalled(number) for number in times], nothing),
    )


def simulate_shares(
    exams: Columns,
    policy: ReadingPolicy,
    screening: Screening,
    shares: Sequence[float],
    *,
    n_bootstrap: int = 2000,
    seed: int = 0,
) -> list[Simulation]:
    """The same for each low share that leaves room for the policy's high share."""
    possible = [share for share in shares if share + policy.high_share <= 1]
    policies = [replace(policy, low_share=share) for share in possible]
    return [simulate(exams, one, screening, n_bootstrap=n_bootstrap, seed=seed) for one in policies]


def _abnormal_bands(exams: Columns, policy: ReadingPolicy, weights: Weights) -> Floats:
    return _bands(exams, policy, weights)[1]


def _per_thousand(
    exams: Columns,
    policy: ReadingPolicy,
    screening: Screening,
    per_normal: Floats,
    per_abnormal: Floats,
    weights: Weights,
) -> Floats:
    normals, abnormals = _bands(exams, policy, weights)
    return _weighted(screening, normals @ per_normal, abnormals @ per_abnormal)


def _weighted(screening: Screening, per_normal: Floats, per_abnormal: Floats) -> Floats:
    mixed = (1 - screening.prevalence) * per_normal + screening.prevalence * per_abnormal
    return np.asarray(EXAMS * mixed, np.float64)


def _bands(exams: Columns, policy: ReadingPolicy, weights: Weights) -> tuple[Floats, Floats]:
    """Shares of the normal and of the abnormal exams that score low, between and high, each ``(..., 3)``."""
    below = cumulated(exams.abnormal, exams.scores, weights)
    cuts = [
        # The lowest score at or below which the share of normals lies, as in metrics.sensitivities_at.
        np.minimum((below[0] < (share - 1e-9) * below[0][..., -1:]).sum(axis=-1, keepdims=True), below[0].shape[-1] - 1)
        for share in (policy.low_share, 1 - policy.high_share)
    ]
    if policy.high_share == 0:  # also those above every normal exam are read as the others
        cuts[1] = np.full_like(cuts[1], below[0].shape[-1] - 1)
    shares = []
    for classes in below:
        total = classes[..., -1:]
        low, high = (np.take_along_axis(classes, cut, axis=-1) for cut in cuts)
        parts = np.concatenate([low, np.maximum(high - low, 0), total - np.maximum(high, low)], axis=-1)
        shares.append(np.divide(parts, total, out=np.full(parts.shape, np.nan), where=total > 0))
    return shares[0], shares[1]
