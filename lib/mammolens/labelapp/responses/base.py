"""What all answers have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Response(BaseModel):
    """Base of all; every field is in every answer, ``None`` where nothing is known."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


class ErrorDetail(Response):
    """Why a request is refused, in one line: what, why, and what to do about it."""

    detail: str
