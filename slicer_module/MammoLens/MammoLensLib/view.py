"""One image of an exam as the server tells it: its numbers, its doubts, its findings, the levels of its heat.

Places in an image are ``(column, row)`` in pixels, whole numbers at the centres of pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .told import all_of, flag, made, number, numbers, text

Point = tuple[float, float]


@dataclass(frozen=True)
class HeatLevel:
    """A level of the heatmap.

    Attributes:
        value: of the anomaly map, where the level begins.
        share: of normal images that reach it anywhere, 0 to 1.
        segment: its number in label maps and segmentations.
        colour: "#rrggbb".
        meaning: in words.
    """

    name: str
    value: float | None = None
    share: float | None = None
    segment: int | None = None
    colour: str | None = None
    meaning: str | None = None

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> HeatLevel:
        """A level, from the server's JSON."""
        known = {name: number(told.get(name)) for name in ("value", "share")}
        segment = number(told.get("segment"))
        return made(cls, told, "name", **known, segment=None if segment is None else int(segment))


@dataclass(frozen=True)
class Finding:
    """A region that stands out.

    Attributes:
        rank: 1 is the most anomalous.
        text: in words.
        level: name of its highest heat level.
        peak: of the anomaly map.
        peak_place: ``(column, row)``.
        bounding_box: ``(column, row, column, row)``.
        contour: closed, at least three places, or empty.
        area_mm2: ``None`` where the image tells no pixel size.
    """

    rank: int
    text: str | None = None
    level: str | None = None
    peak: float | None = None
    peak_place: Point | None = None
    bounding_box: tuple[float, float, float, float] | None = None
    contour: tuple[Point, ...] = ()
    area_mm2: float | None = None

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Finding:
        """A finding, from the server's JSON."""
        contour = told.get("contour")
        points = tuple(numbers(one, 2) for one in contour) if isinstance(contour, list) else ()
        return cls(
            rank=int(number(told.get("rank")) or 0),
            text=text(told.get("text")),
            level=text(told.get("level")),
            peak=number(told.get("peak")),
            peak_place=numbers(told.get("peak_place"), 2),
            bounding_box=numbers(told.get("bounding_box"), 4),
            contour=points if len(points) >= 3 and all(points) else (),
            area_mm2=number(told.get("area_mm2")),
        )


@dataclass(frozen=True)
class Quality:
    """A doubt about an image."""

    flag: str
    explanation: str | None = None


@dataclass(frozen=True)
class View:
    """One image of an exam.

    Attributes:
        image: id of the server.
        laterality: "L" or "R".
        view: "CC", "MLO" ...
        findings: the most anomalous first.
        error: why it was not judged.
    """

    image: str
    sop_instance_uid: str | None = None
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    laterality: str | None = None
    view: str | None = None
    p_value: float | None = None
    percentile: float | None = None
    is_anomalous: bool | None = None
    sentence: str | None = None
    quality: tuple[Quality, ...] = ()
    findings: tuple[Finding, ...] = ()
    findings_left_out: int = 0
    error: str | None = None

    @property
    def name(self) -> str:
        """ "R CC"; the image's id where side or projection is unknown."""
        return f"{self.laterality} {self.view}" if self.laterality and self.view else self.image

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> View:
        """A view, from the server's JSON."""
        return made(
            cls,
            told,
            "image",
            p_value=number(told.get("p_value")),
            percentile=number(told.get("percentile")),
            is_anomalous=flag(told.get("is_anomalous")),
            quality=all_of(told, "quality", lambda one: made(Quality, one, "flag")),
            findings=all_of(told, "findings", Finding.of_json),
            findings_left_out=int(number(told.get("findings_left_out")) or 0),
        )
