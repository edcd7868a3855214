"""The gate's result for a candidate: each check with a figure and a sentence, and the conclusion."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import ModelError
from mammolens.promotion.policy import PromotionPolicy


class CheckName(StrEnum):
    """The checks of the gate."""

    HELD_OUT = "held_out_normals"
    RATE = "realised_rate"
    UNIFORMITY = "uniform_p_values"
    WEIGHTS = "same_weights"
    DETECTION = "synthetic_lesions_detected"
    DETECTION_LOSS = "synthetic_lesions_compared"
    FINDINGS = "marked_findings"
    SENTINELS = "sentinels"

    @property
    def label(self) -> str:
        """The check as a person reads it."""
        return _LABELS[self]


_LABELS = {
    CheckName.HELD_OUT: "Held-out patients",
    CheckName.RATE: "Normal patients flagged",
    CheckName.UNIFORMITY: "p-values uniform",
    CheckName.WEIGHTS: "Same weights",
    CheckName.DETECTION: "Detects synthetic lesions",
    CheckName.DETECTION_LOSS: "Loss on synthetic lesions",
    CheckName.FINDINGS: "Loss on marked findings",
    CheckName.SENTINELS: "Sentinel exams misclassified",
}


class CheckStatus(StrEnum):
    """The result of a check; PASSED and NOT_TESTED allow promotion."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # too few images; prevents promotion as well
    NOT_TESTED = "not_tested"  # not applicable, or too few images to require anything

    @property
    def label(self) -> str:
        """What a person reads: 'not tested'."""
        return self.value.replace("_", " ")


class CheckResult(BaseModel):
    """One check.

    Figures are ``None`` where they are undefined. ``low`` and ``high`` bound the figure's interval, ``limit_low`` and
    ``limit_high`` what the policy allows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: CheckName
    outcome: CheckStatus
    sentence: str
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    serving: float | None = Field(None, description="the same figure of the serving model")
    patients: int | None = Field(None, description="behind the figure")

    @property
    def allows_promotion(self) -> bool:
        """Whether the check does not prevent promotion."""
        return self.outcome in (CheckStatus.PASSED, CheckStatus.NOT_TESTED)


class Override(BaseModel):
    """A person promotes against the gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str = Field(min_length=1)
    why: str = Field(min_length=1)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class GateResult(BaseModel):
    """A candidate compared with the model in use; no identifier of a patient."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    serving: str = Field(description="model id")
    candidate: str = Field(description="model id")
    checks: tuple[CheckResult, ...] = Field(min_length=1)
    images_left_out: int = Field(0, ge=0, description="that one of the models, or the reader, could not use")
    policy: PromotionPolicy
    override: Override | None = None
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    notice: str = RESEARCH_USE_ONLY

    @property
    def passed(self) -> bool:
        """Whether no check prevents promotion."""
        return not self.failed_checks

    @property
    def promotes(self) -> bool:
        """Whether the candidate may be used: it passed, or a person overrode the gate."""
        return self.passed or self.override is not None

    @property
    def approves(self) -> bool:
        """Whether the gate itself approves the candidate as replacement of the model it was compared with.

        A result that a person overrode never counts as approval, even if all checks passed: it was made against
        another model.
        """
        return self.passed and self.override is None

    @property
    def failed_checks(self) -> tuple[CheckResult, ...]:
        """The checks that prevent promotion."""
        return tuple(check for check in self.checks if not check.allows_promotion)

    @property
    def reason(self) -> str:
        """Why it is promoted or rejected, in one line."""
        against = "; ".join(check.sentence for check in self.failed_checks)
        if not against:
            return "not worse than the model in use beyond the margins"
        if self.override is not None:
            return f"promoted by {self.override.by} against the gate ({self.override.why}); the gate: {against}"
        return f"rejected: {against}"

    def overridden(self, by: str, why: str) -> GateResult:
        """The same result, overridden by a person."""
        return self.model_copy(update={"override": Override(by=by, why=why)})

    def to_json(self) -> str:
        """Indented JSON that :func:`read_gate_result` reads back unchanged."""
        return self.model_dump_json(indent=1)


def read_gate_result(text: str, source: str | Path) -> GateResult:
    """Read what :meth:`GateResult.to_json` wrote.

    Raises:
        ModelError: it is something else; ``source`` names it.
    """
    try:
        return GateResult.model_validate_json(text)
    except ValidationError as error:
        reason = f"is not a gate result ({error.errors()[0]['msg']})"
        raise ModelError(source, reason, "compare the model again with 'mammolens models compare'") from error
