"""What people decide about an exam, and what they mark, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .told import all_of, flag, made, number, numbers
from .view import Point


class Verdict(Enum):
    """What a person decides about an exam; the server's words."""

    NORMAL = "normal"
    FINDING = "finding"
    POOR_QUALITY = "poor_quality"


@dataclass(frozen=True)
class Region:
    """A region that the person marked, closed.

    Attributes:
        image: id of the server.
        points: at least three places, ``(column, row)``.
    """

    image: str
    points: tuple[Point, ...]

    def as_json(self) -> dict[str, Any]:
        """As the server takes it."""
        return {"image": self.image, "points": [list(point) for point in self.points]}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Region:
        """A region, from the server's JSON."""
        points = told.get("points")
        places = [numbers(one, 2) for one in points] if isinstance(points, list) else []
        return cls(str(told.get("image")), tuple(place for place in places if place is not None))


@dataclass(frozen=True)
class Decision:
    """What somebody decided about an exam.

    Attributes:
        id: UUID.
        time: ISO, UTC.
        undone: taken back since.
    """

    verdict: str
    id: str | None = None
    reviewer: str | None = None
    time: str | None = None
    comment: str | None = None
    model: str | None = None
    exam_p_value: float | None = None
    regions: tuple[Region, ...] = ()
    undone: bool = False

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Decision:
        """A decision, from the server's JSON."""
        return made(
            cls,
            told,
            "verdict",
            exam_p_value=number(told.get("exam_p_value")),
            regions=all_of(told, "regions", Region.of_json),
            undone=flag(told.get("undone")) or False,
        )
