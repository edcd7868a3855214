"""The message about a finished exam."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from mammolens import RESEARCH_USE_ONLY
from mammolens.enums import NormalityCategory


class ExamDone(BaseModel):
    """The result of an exam in short."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)

    exam: str = Field(description="id, as in the worklist")
    study_instance_uid: str | None = Field(description="(0020,000D); null unless the server sends identifiers")
    study_pseudonym: str | None = Field(description="instead of it, as in the server's log")
    images: int = Field(description="number of images")
    images_without_result: int = Field(description="how many of them could not be analysed")
    score: int | None = Field(description="1 (usual) to 10; null: no image has a score")
    category: NormalityCategory | None
    model: str = Field(description="id of the model")
    calibration: str = Field(description="id of its calibration")
    notice: str = RESEARCH_USE_ONLY
