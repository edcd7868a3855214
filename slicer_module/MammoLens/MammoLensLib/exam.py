"""What the server tells of exams, as values: parsed tolerantly, unknown fields ignored, missing ones ``None``.

Places in an image are ``(column, row)`` in pixels, whole numbers at the centres of pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .told import all_of, flag, made, number, numbers, text, texts

Point = tuple[float, float]


@dataclass(frozen=True)
class ServerInfo:
    """The server as it introduces itself.

    Attributes:
        version: of MammoLens there.
        model: id of the model that serves; ``None`` while none does.
        notice: what everybody must know before trusting anything.
    """

    version: str
    model: str | None
    notice: str


@dataclass(frozen=True)
class ExamEntry:
    """A line of the worklist.

    Attributes:
        exam: opaque id.
        study_date: "2026-01-31".
        images: ids, in the order of ``views``.
        views: "R CC" and so on.
        state: "new", "judging", "judged" or "failed".
        exam_p_value: share of normal exams that are at least as anomalous; ``None`` until all images are scored.
        verdict: "normal", "finding", "poor_quality" or ``None``.
        reviewed_at: ISO, UTC.
        problems: why an image cannot be scored, a sentence each.
    """

    exam: str
    patient: str | None = None
    study_date: str | None = None
    images: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    state: str | None = None
    exam_p_value: float | None = None
    exam_percentile: float | None = None
    exam_is_anomalous: bool | None = None
    sentence: str | None = None
    verdict: str | None = None
    reviewer: str | None = None
    reviewed_at: str | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, told: Any) -> ExamEntry:
        """A line, from the server's JSON.

        Raises:
            ServerError: it is no exam.
        """
        return made(cls, told, "exam", **_entry_fields(told))


@dataclass(frozen=True)
class Progress:
    """How far the server is with judging; steps."""

    done: int
    total: int
    doing: str


@dataclass(frozen=True)
class Breast:
    """One breast against normal breasts."""

    laterality: str
    score: float | None = None
    sentence: str | None = None


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


@dataclass(frozen=True)
class Decision:
    """What somebody decided about an exam.

    Attributes:
        time: ISO, UTC.
        undone: taken back since.
    """

    verdict: str
    reviewer: str | None = None
    time: str | None = None
    comment: str | None = None
    model: str | None = None
    exam_p_value: float | None = None
    regions: tuple[Region, ...] = ()
    undone: bool = False


@dataclass(frozen=True)
class ExamDetail:
    """An exam in full.

    Attributes:
        entry: its line of the worklist.
        levels: of the heatmap, the lowest first.
        decisions: oldest first.
        next: id of the most anomalous other exam that nobody reviewed.
    """

    entry: ExamEntry
    progress: Progress | None = None
    decision_rule: str | None = None
    breasts: tuple[Breast, ...] = ()
    levels: tuple[HeatLevel, ...] = ()
    views: tuple[View, ...] = ()
    decisions: tuple[Decision, ...] = ()
    next: str | None = None
    model: str | None = None

    @property
    def exam(self) -> str:
        """Its id."""
        return self.entry.exam

    @classmethod
    def of_json(cls, told: Any) -> ExamDetail:
        """An exam, from the server's JSON.

        Raises:
            ServerError: it is no exam.
        """
        entry = ExamEntry.of_json(told)
        return cls(
            entry,
            _progress(told.get("progress")),
            text(told.get("decision_rule")),
            all_of(told, "breasts", lambda one: made(Breast, one, "laterality", score=number(one.get("score")))),
            all_of(told, "levels", _level),
            all_of(told, "views_in_detail", _view),
            all_of(told, "decisions", _decision),
            text(told.get("next")),
            text(told.get("model")),
        )


def _entry_fields(told: Any) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        return {}
    return {
        "exam_p_value": number(told.get("exam_p_value")),
        "exam_percentile": number(told.get("exam_percentile")),
        "exam_is_anomalous": flag(told.get("exam_is_anomalous")),
        "images": texts(told.get("images")),
        "views": texts(told.get("views")),
        "problems": texts(told.get("problems")),
    }


def _progress(told: Any) -> Progress | None:
    if not isinstance(told, Mapping):
        return None
    return Progress(int(number(told.get("done")) or 0), int(number(told.get("total")) or 0), str(told.get("doing")))


def _level(told: Mapping[str, Any]) -> HeatLevel:
    known = {name: number(told.get(name)) for name in ("value", "share")}
    segment = number(told.get("segment"))
    return made(HeatLevel, told, "name", **known, segment=None if segment is None else int(segment))


def _view(told: Mapping[str, Any]) -> View:
    return made(
        View,
        told,
        "image",
        p_value=number(told.get("p_value")),
        percentile=number(told.get("percentile")),
        is_anomalous=flag(told.get("is_anomalous")),
        quality=all_of(told, "quality", lambda one: made(Quality, one, "flag")),
        findings=all_of(told, "findings", _finding),
        findings_left_out=int(number(told.get("findings_left_out")) or 0),
    )


def _finding(told: Mapping[str, Any]) -> Finding:
    box, contour = numbers(told.get("bounding_box"), 4), told.get("contour")
    points = tuple(numbers(one, 2) for one in contour) if isinstance(contour, list) else ()
    return Finding(
        rank=int(number(told.get("rank")) or 0),
        text=text(told.get("text")),
        level=text(told.get("level")),
        peak=number(told.get("peak")),
        peak_place=numbers(told.get("peak_place"), 2),
        bounding_box=box,
        contour=points if len(points) >= 3 and all(points) else (),
        area_mm2=number(told.get("area_mm2")),
    )


def _decision(told: Mapping[str, Any]) -> Decision:
    return made(
        Decision,
        told,
        "verdict",
        exam_p_value=number(told.get("exam_p_value")),
        regions=all_of(told, "regions", _region),
        undone=flag(told.get("undone")) or False,
    )


def _region(told: Mapping[str, Any]) -> Region:
    points = told.get("points")
    places = [numbers(one, 2) for one in points] if isinstance(points, list) else []
    return Region(str(told.get("image")), tuple(place for place in places if place is not None))
