"""A decision as a row of plain values, and back: what is stored, hashed and exported."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from mammolens.enums import BiradsCategory, FindingType, NormalityCategory, Verdict
from mammolens.errors import RequestError
from mammolens.review.decision import Decision, Origin, Region


class Column(StrEnum):
    """Columns of a decision, in the order in which they are exported."""

    DECISION_ID = "decision_id"
    EXAM_ID = "exam_id"
    IMAGES = "images"
    VERDICT = "verdict"
    UNDOES = "undoes"
    REVIEWER = "reviewer"
    TIME = "time"
    COMMENT = "comment"
    REGIONS = "regions"
    MODEL = "model"
    CALIBRATION = "calibration"
    EXAM_P_VALUE = "exam_p_value"
    EXAM_SCORE = "exam_score"
    VIEWER = "viewer"
    ORIGIN = "origin"
    SECOND_CONFIRMATION = "second_confirmation"
    SALT = "salt"


Row = Mapping[str, Any]
_Stated = TypeVar("_Stated", FindingType, BiradsCategory)


def canonical(value: object) -> str:
    """JSON that is the same wherever it is written: sorted keys, no blanks, ASCII; no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def row_of(decision: Decision) -> dict[str, Any]:
    """Text, numbers and ``None``; lists are canonical JSON."""
    return {
        Column.DECISION_ID.value: str(decision.decision_id),
        Column.EXAM_ID.value: decision.exam_id,
        Column.IMAGES.value: canonical(decision.images),
        Column.VERDICT.value: decision.verdict and decision.verdict.value,
        Column.UNDOES.value: decision.undoes and str(decision.undoes),
        Column.REVIEWER.value: decision.reviewer,
        Column.TIME.value: text_of_time(decision.time),
        Column.COMMENT.value: decision.comment,
        Column.REGIONS.value: canonical([_region_values(one) for one in decision.regions]),
        Column.MODEL.value: decision.model,
        Column.CALIBRATION.value: decision.calibration,
        Column.EXAM_P_VALUE.value: decision.exam_p_value,
        Column.EXAM_SCORE.value: decision.exam_score,
        Column.VIEWER.value: decision.viewer,
        Column.ORIGIN.value: decision.origin.value,
        Column.SECOND_CONFIRMATION.value: decision.second_confirmation and decision.second_confirmation.value,
        Column.SALT.value: decision.salt,
    }


def decision_of(row: Row) -> Decision:
    """The decision in a row.

    Raises:
        RequestError: an invalid value; names the column.
    """
    salt = {} if row[Column.SALT] is None else {"salt": row[Column.SALT]}
    return Decision(
        exam_id=row[Column.EXAM_ID],
        images=_read(row, Column.IMAGES, lambda text: tuple(map(str, json.loads(text)))),
        verdict=_read(row, Column.VERDICT, Verdict),
        reviewer=row[Column.REVIEWER],
        decision_id=_read(row, Column.DECISION_ID, uuid.UUID),
        undoes=_read(row, Column.UNDOES, uuid.UUID),
        time=_read(row, Column.TIME, time_of_text),
        comment=row[Column.COMMENT],
        regions=_read(row, Column.REGIONS, _regions),
        model=row[Column.MODEL],
        calibration=row[Column.CALIBRATION],
        exam_p_value=row[Column.EXAM_P_VALUE],
        exam_score=row[Column.EXAM_SCORE],
        viewer=row[Column.VIEWER],
        origin=_read(row, Column.ORIGIN, Origin),
        second_confirmation=_read(row, Column.SECOND_CONFIRMATION, NormalityCategory),
        **salt,
    )


def text_of_time(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds, which sorts as times do: 2026-01-31T12:00:00.000000Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of_text(text: str) -> datetime:
    """Parse an ISO 8601 time with a time zone.

    Raises:
        ValueError: not a time, or without a zone.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("no time zone")
    return time.astimezone(UTC)


_REMEDIES = {
    Column.IMAGES: "give a list of SOP Instance UIDs",
    Column.VERDICT: f"use one of {', '.join(Verdict)}",
    Column.DECISION_ID: "give a UUID",
    Column.UNDOES: "give the UUID of the decision that is taken back",
    Column.TIME: "give it in UTC, as 2026-01-31T12:00:00Z",
    Column.REGIONS: (
        'give a list of {"image": UID, "points": [[column, row], ...]}, each with or without "finding_type": one of '
        f'{", ".join(FindingType)}, and "birads": one of {", ".join(BiradsCategory)}'
    ),
    Column.SECOND_CONFIRMATION: f"use one of {', '.join(NormalityCategory)}",
    Column.ORIGIN: f"use one of {', '.join(Origin)}",
}


def _read(row: Row, column: Column, reader: Any) -> Any:
    value = row[column]
    if value is None:
        return None
    try:
        return reader(value)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(column, f"{str(value)[:80]!a} is invalid", _REMEDIES[column]) from error


def _region_values(region: Region) -> dict[str, Any]:
    return {
        "image": region.image,
        "points": region.points,
        "finding_type": region.finding_type,
        "birads": region.birads,
    }


def _regions(text: str) -> tuple[Region, ...]:
    return tuple(
        Region(
            image=str(one["image"]),
            points=tuple((column, row) for column, row in one["points"]),
            finding_type=_stated(FindingType, one.get("finding_type")),
            birads=_stated(BiradsCategory, one.get("birads")),
        )
        for one in json.loads(text)
    )


def _stated(kind: type[_Stated], value: str | None) -> _Stated | None:
    return None if value is None else kind(value)
