"""The result of a diagnosis."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from mammolens import RESEARCH_USE_ONLY, __version__


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_enum_values=True, json_schema_serialization_defaults_required=True
    )


class Check(_Part):
    """One thing that was tried."""

    group: str = Field(description="what it belongs to, such as 'decoders'")
    name: str
    status: Status = Field(description="warning: something optional is missing; failed: something needed is broken")
    detail: str = Field(description="what was found")
    remedy: str | None = Field(description="what to do about it; None if all is well")


class Diagnosis(_Part):
    """All checks."""

    version: str = Field(__version__, description="of MammoLens")
    healthy: bool = Field(description="no check failed")
    checks: list[Check]
    notice: str = RESEARCH_USE_ONLY

    @classmethod
    def of(cls, checks: list[Check]) -> Diagnosis:
        """The diagnosis that these checks make together."""
        return cls(healthy=all(check.status != Status.FAILED for check in checks), checks=checks)


def passed(group: str, name: str, detail: str) -> Check:
    """A check that found all well."""
    return Check(group=group, name=name, status=Status.OK, detail=detail, remedy=None)


def warned(group: str, name: str, detail: str, remedy: str) -> Check:
    """A check that found something optional missing."""
    return Check(group=group, name=name, status=Status.WARNING, detail=detail, remedy=remedy)


def failed(group: str, name: str, detail: str, remedy: str) -> Check:
    """A check that found something needed broken."""
    return Check(group=group, name=name, status=Status.FAILED, detail=detail, remedy=remedy)
