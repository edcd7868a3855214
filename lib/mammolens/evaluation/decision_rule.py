"""A model's decision rule, and whether it controls the false-positive rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mammolens.calibration.realised_rate import EvaluatedPatients, rate_band, upper_rate
from mammolens.config import CalibrationConfig


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How a score becomes a decision; the nominal rate, alpha, is not part of it.

    Attributes:
        decision: 'conformal', by the p-value; 'mean_std', by mean and standard deviation of normal scores, which
            does not control the rate.
        confidence: probability over calibrations with which a conformal decision controls the rate at alpha; ``None``:
            it is controlled on average over calibrations.

    Raises:
        ValueError: for another decision, or a confidence outside (0, 1).
    """

    decision: Literal["conformal", "mean_std"] = "conformal"
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.decision not in ("conformal", "mean_std"):
            raise ValueError(f"decision is {self.decision!r}")
        if self.confidence is not None and not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie within (0, 1), not {self.confidence}")

    @classmethod
    def of(cls, config: CalibrationConfig) -> DecisionRule:
        """The rule of a model's calibration."""
        return cls(config.decision, config.confidence if config.decision == "conformal" else None)

    @property
    def controls_rate(self) -> bool:
        """Whether the rule controls the false-positive rate."""
        return self.decision == "conformal"

    @property
    def controls_average_rate(self) -> bool:
        """Whether alpha is the average over calibrations; if not, the rate is meant to lie below it."""
        return self.controls_rate and self.confidence is None

    def rate_band(
        self, evaluated: Sequence[EvaluatedPatients], alpha: float, level: float = 0.95
    ) -> tuple[float, float]:
        """The band of the flagged share of normal patients, for reports and for the gate.

        Args:
            evaluated: the patients by calibration scale; at least one.
            alpha: the nominal rate, within (0, 1).
            level: probability that the rate of a well-calibrated model lies in the band.

        Returns:
            Both ends. The lower one is 0 if the rate is meant to lie below alpha.

        Raises:
            ValueError: no patient.
        """
        if self.controls_average_rate:
            return rate_band(evaluated, alpha, level)
        return 0.0, upper_rate(sum(part.patients for part in evaluated), alpha, level)

    def contradicts(self, flagged: bool, p_value: float, alpha: float) -> bool:
        """Whether a decision cannot come of this rule: a confident threshold may spare what has p <= alpha."""
        if self.controls_average_rate:
            return flagged != (p_value <= alpha)
        return self.controls_rate and flagged and p_value > alpha


CONFORMAL: Final = DecisionRule()  # the usual one
