"""The rows that ``mammolens score`` writes: one for each image of a source, and one for each exam.

Their columns are declared here only; the Parquet schema (:func:`arrow_schema`) and the JSON Schema in
``docs/schema/score-rows.schema.json`` follow from them.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from mammolens import RESEARCH_USE_ONLY
from mammolens.enums import Laterality, QualityFlag, ViewPosition
from mammolens.errors import (
    InputError,
    NotAMammogramError,
    PixelDataError,
    UnexpectedImageError,
    UnsupportedMammogramError,
)


class FailureKind(StrEnum):
    """Why an image has no score."""

    NOT_A_MAMMOGRAM = "not_a_mammogram"
    UNSUPPORTED = "unsupported"
    PIXEL_DATA = "pixel_data"
    UNREADABLE = "unreadable"
    UNEXPECTED = "unexpected"


_KINDS: Final = (
    (NotAMammogramError, FailureKind.NOT_A_MAMMOGRAM),
    (UnsupportedMammogramError, FailureKind.UNSUPPORTED),
    (PixelDataError, FailureKind.PIXEL_DATA),
    (UnexpectedImageError, FailureKind.UNEXPECTED),
)


def failure_kind(error: InputError) -> FailureKind:
    """The kind of an image's error."""
    return next((kind for of, kind in _KINDS if isinstance(error, of)), FailureKind.UNREADABLE)


class _Row(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_enum_values=True,
        json_schema_serialization_defaults_required=True,
    )


class ImageRow(_Row):
    """One image of the source: its score, or why it has none.

    Scores and p-values are those of an ``AnomalyRecord``. ``None`` means unknown. The ids of model and
    calibration are in the manifest.
    """

    image: str = Field(description="path within the folder, address, or SOP Instance UID in a PACS; unique")
    sop_instance_uid: str | None = None
    patient: str | None = Field(None, description="Patient ID; empty: the header has none; None: no header")
    exam: str | None = Field(None, description="groups the views of one examination")
    study_date: date | None = None
    laterality: Laterality | None = None
    view: ViewPosition | None = None
    acquisition_group: str | None = Field(None, description="machine, if known")
    software_versions: str | None = Field(None, description="of the machine, if known")
    rows: int | None = None
    columns: int | None = None
    raw_score: float | None = Field(None, description="the network's own score, arbitrary unit of the model")
    pred_score: float | None = Field(
        None, description="anomaly score, in robust standard deviations of normal images of the same machine and view"
    )
    p_value: float | None = Field(None, ge=0, le=1, description="share of normal patients expected to score as high")
    is_anomalous: bool | None = Field(None, description="the decision of the calibration's rule for this image alone")
    quality_flags: list[QualityFlag] = Field(default_factory=list)
    failure: FailureKind | None = Field(None, description="why there is no score; None: there is one")
    failure_reason: str | None = None
    failure_remedy: str | None = None
    thumbnail: bytes | None = Field(None, description="JPEG of the image, if thumbnails were asked for")
    thumbnail_overlay: bytes | None = Field(None, description="the same with heat and findings")


class ExamRow(_Row):
    """One exam: its images fused and compared with normal exams. Without scores if none of its images has one."""

    patient: str = Field(description="Patient ID; empty: the header has none")
    exam: str = Field(description="groups the views of one examination")
    study_date: date | None = None
    acquisition_group: str | None = Field(None, description="machine, if it is known and the same of all images")
    images: int = Field(ge=0, description="that have a score")
    images_failed: int = Field(ge=0)
    views: list[str] = Field(description="of the images with a score, such as 'R CC'")
    exam_score: float | None = Field(None, description="views fused to breasts, breasts to the exam")
    exam_p_value: float | None = Field(None, ge=0, le=1, description="share of normal exams expected to score as high")
    exam_percentile: float | None = Field(None, ge=0, le=100, description="its complement in percent")
    exam_is_anomalous: bool | None = Field(None, description="the decision of the calibration's rule")
    asymmetry: float | None = Field(None, ge=0, description="difference of the breasts; None if one was not imaged")
    asymmetry_p_value: float | None = Field(None, ge=0, le=1)
    quality_flags: list[QualityFlag] = Field(default_factory=list, description="of all its images")


_ARROW_TYPES: Final[dict[object, Any]] = {
    str: pa.string(),
    int: pa.int32(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    date: pa.date32(),
}


def arrow_schema(kind: type[_Row]) -> pa.Schema:
    """The Parquet schema of a kind of rows; descriptions are metadata of the fields.

    Example:
        >>> arrow_schema(ExamRow).field("exam_p_value").type
        DataType(double)
    """
    fields = []
    for name, field in kind.model_fields.items():
        described = {"description": field.description} if field.description else None
        fields.append(pa.field(name, _arrow_type(field.annotation), _is_optional(field.annotation), described))
    return pa.schema(fields, {"notice": RESEARCH_USE_ONLY})


def arrow_table(kind: type[_Row], rows: Sequence[_Row]) -> pa.Table:
    """Rows as a table of :func:`arrow_schema`."""
    return pa.Table.from_pylist([row.model_dump(mode="python") for row in rows], arrow_schema(kind))


def _is_optional(annotation: Any) -> bool:
    return isinstance(annotation, types.UnionType) and type(None) in typing.get_args(annotation)


def _arrow_type(annotation: Any) -> pa.DataType:
    if _is_optional(annotation):
        (annotation,) = (one for one in typing.get_args(annotation) if one is not type(None))
    if typing.get_origin(annotation) is list:
        return pa.list_(_arrow_type(typing.get_args(annotation)[0]))
    if issubclass(annotation, StrEnum):
        return pa.string()
    return _ARROW_TYPES[annotation]
