"""What the gate says of a candidate: each check with its figure and a sentence, and the sum of them."""

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


class CheckStatus(StrEnum):
    """How a check came out; only the first and the last let a candidate through."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # too few images to tell, which refuses as well
    NOT_TESTED = "not_tested"  # nothing was promised of it, or too few to ask for anything


class Check(BaseModel):
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
        """Whether it stands in no candidate's way."""
        return self.outcome in (CheckStatus.PASSED, CheckStatus.NOT_TESTED)


class Override(BaseModel):
    """A person promotes without the gate's consent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str = Field(min_length=1)
    why: str = Field(min_length=1)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class GateResult(BaseModel):
    """A candidate judged against the serving model; no identifier of a patient."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    serving: str = Field(description="model id")
    candidate: str = Field(description="model id")
    checks: tuple[Check, ...] = Field(min_length=1)
    images_left_out: int = Field(0, ge=0, description="that one of the models, or the reader, could not use")
    policy: PromotionPolicy
    override: Override | None = None
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    notice: str = RESEARCH_USE_ONLY

    @property
    def passed(self) -> bool:
        """Whether every check lets the candidate through."""
        return not self.failed_checks

    @property
    def promotes(self) -> bool:
        """Whether the candidate may serve: it passed, or a person took the responsibility."""
        return self.passed or self.override is not None

    @property
    def approves(self) -> bool:
        """Whether the gate lets the candidate serve in place of the model that it was judged against.

        A result that a person overrode never counts as approval, even if all checks passed: it was made against
        another model.
        """
        return self.passed and self.override is None

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """The checks that refuse."""
        return tuple(check for check in self.checks if not check.allows_promotion)

    @property
    def reason(self) -> str:
        """Why it is promoted or refused, in one line."""
        against = "; ".join(check.sentence for check in self.failed_checks)
        if not against:
            return "not worse than the serving model beyond the margins"
        if self.override is not None:
            return f"promoted by {self.override.by} against the gate ({self.override.why}); the gate: {against}"
        return f"refused: {against}"

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
        reason = f"is no gate result ({error.errors()[0]['msg']})"
        raise ModelError(source, reason, "judge the model again with 'mammolens models compare'") from error
