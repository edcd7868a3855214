"""Decisions on exams: who confirmed or doubted what, kept as review marks of the exam's images.

A decision is one mark on each image, all with the same number; taking it back is another mark, so that nothing is
ever deleted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from mammolens.enums import Verdict
from mammolens.errors import DatasetError, RequestError
from mammolens.labelapp.datastore.review import new_decision_id, verdict_of
from mammolens.labelapp.keys import InfoKey, ReviewKey

_GRAVEST_FIRST = (Verdict.FINDING, Verdict.POOR_QUALITY, Verdict.NORMAL)
Point = tuple[float, float]


class Marks(Protocol):
    """Where review marks are kept; a datastore is one."""

    def infos(self, image_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What is remembered of images."""

    def mark_images(self, marks: Mapping[str, Mapping[str, Any]]) -> None:
        """Add a mark to each of several images, all of them or none."""


@dataclass(frozen=True, slots=True)
class Region:
    """A place that a person drew: (column, row) on the image's pixel grid, pixel centres at whole numbers."""

    image: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What a person decides, and what she saw."""

    verdict: Verdict
    reviewer: str
    comment: str = ""
    viewer: str = ""
    regions: tuple[Region, ...] = ()
    model: str | None = None
    exam_p_value: float | None = None


@dataclass(slots=True)
class Decision:
    """A decision as it is remembered; ``images`` are those that it was taken on, ``undone`` those it was undone on."""

    number: str
    order: Order
    seconds: int
    images: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    @property
    def is_undone(self) -> bool:
        """Whether it counts no more."""
        return set(self.images) == set(self.undone)

    @property
    def time(self) -> str:
        """When, ISO 8601 in UTC."""
        return utc(self.seconds)


class Decisions:
    """Takes and tells decisions on exams, an exam being the ids of its images."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._lock = threading.Lock()

    def history(self, image_ids: Sequence[str]) -> list[Decision]:
        """All decisions, the oldest first; marks of single images, set by other clients, among them."""
        return history_of(self._marks.infos(image_ids))

    def decide(self, image_ids: Sequence[str], order: Order) -> None:
        """Take a decision on all images at once.

        Raises:
            RequestError: a region of an image that is none of the exam's.
        """
        for region in order.regions:
            if region.image not in image_ids:
                raise RequestError("regions", f"{region.image[:80]!a} is no image of this exam", "draw on its images")
        number = new_decision_id()
        with self._lock:  # one that is taken while the one before is taken back counts
            self._marks.mark_images({image_id: _mark(number, order, image_id) for image_id in image_ids})

    def undo(self, image_ids: Sequence[str], reviewer: str) -> None:
        """Take the last decision back that is not undone; what was decided before it counts again.

        Raises:
            DatasetError: there is none.
        """
        with self._lock:
            infos = self._marks.infos(image_ids)
            standing = [decision for decision in history_of(infos) if not decision.is_undone]
            if not standing:
                raise DatasetError("decision", "there is none that could be taken back", "take one first")
            last, number = standing[-1], new_decision_id()
            self._marks.mark_images(
                {
                    image_id: {
                        **_verdict_without(infos[image_id], image_id, last.number),
                        ReviewKey.DECISION.value: number,
                        ReviewKey.UNDOES.value: last.number,
                        ReviewKey.REVIEWER.value: reviewer,
                        ReviewKey.TIME.value: int(time.time()),
                    }
                    for image_id in last.images
                    if image_id not in last.undone
                }
            )


def exam_verdict(infos: Sequence[Mapping[str, Any]]) -> Verdict | None:
    """The gravest verdict of an exam's images; ``None`` until each has one."""
    verdicts = [verdict_of(info) for info in infos]
    if not verdicts or None in verdicts:
        return None
    return next(verdict for verdict in _GRAVEST_FIRST if verdict in verdicts)


def last_mark(infos: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The mark that was set last on any of the images; empty where there is none."""
    marks = [mark for info in infos if isinstance(mark := info.get(InfoKey.REVIEW), Mapping)]
    return max(marks, key=_seconds, default={})


def utc(seconds: float) -> str:
    """A time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def history_of(infos: Mapping[str, Mapping[str, Any]]) -> list[Decision]:
    """The decisions in the marks of an exam's images, the oldest first."""
    decisions: dict[str, Decision] = {}
    for image_id, info in infos.items():
        marks, standing = _replayed(info, image_id)
        for number, mark in marks.items():
            decision = decisions.setdefault(number, Decision(number, _order(mark), _seconds(mark)))
            decision.order = replace(decision.order, regions=(*decision.order.regions, *_regions(mark, image_id)))
            decision.images.append(image_id)
            if number not in standing:
                decision.undone.append(image_id)
    return sorted(decisions.values(), key=lambda decision: decision.seconds)


def _mark(number: str, order: Order, image_id: str) -> dict[str, Any]:
    return {
        ReviewKey.VERDICT.value: order.verdict.value,
        ReviewKey.DECISION.value: number,
        ReviewKey.REVIEWER.value: order.reviewer,
        ReviewKey.TIME.value: int(time.time()),
        ReviewKey.MODEL.value: order.model,
        ReviewKey.EXAM_P_VALUE.value: order.exam_p_value,
        ReviewKey.COMMENT.value: order.comment,
        ReviewKey.VIEWER.value: order.viewer,
        ReviewKey.REGIONS.value: [list(region.points) for region in order.regions if region.image == image_id],
    }


def _order(mark: Mapping[str, Any]) -> Order:
    verdict = verdict_of({InfoKey.REVIEW: mark})
    assert verdict is not None
    p_value = mark.get(ReviewKey.EXAM_P_VALUE)
    return Order(
        verdict=verdict,
        reviewer=str(mark.get(ReviewKey.REVIEWER) or ""),
        comment=str(mark.get(ReviewKey.COMMENT) or ""),
        viewer=str(mark.get(ReviewKey.VIEWER) or ""),
        model=mark.get(ReviewKey.MODEL),
        exam_p_value=p_value if isinstance(p_value, float) else None,
    )


def _regions(mark: Mapping[str, Any], image_id: str) -> Iterator[Region]:
    drawn = mark.get(ReviewKey.REGIONS)
    for points in drawn if isinstance(drawn, list) else []:
        try:
            yield Region(image_id, tuple((float(column), float(row)) for column, row in points))
        except (TypeError, ValueError):  # of another client, whose marks are kept as they come
            continue


def _verdict_without(info: Mapping[str, Any], image_id: str, number: str) -> dict[str, Any]:
    """The verdict that counts on an image once the decision of this number does not, as part of a mark."""
    marks, standing = _replayed(info, image_id)
    left = [name for name in standing if name != number]
    return {ReviewKey.VERDICT.value: _order(marks[left[-1]]).verdict.value} if left else {}


def _replayed(info: Mapping[str, Any], image_id: str) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """An image's marks with a verdict, by the numbers of their decisions, and those numbers that still count."""
    marks: dict[str, Mapping[str, Any]] = {}
    standing: list[str] = []
    for place, mark in enumerate(info.get(InfoKey.REVIEWS) or []):
        if not isinstance(mark, Mapping):
            continue
        if mark.get(ReviewKey.UNDOES):
            standing = [number for number in standing if number != mark[ReviewKey.UNDOES]]
        elif verdict_of({InfoKey.REVIEW: mark}) is None:  # an empty mark takes the last one back
            standing = standing[:-1]
        else:
            number = str(mark.get(ReviewKey.DECISION) or f"{image_id}#{place}")  # older marks have none
            marks[number] = mark
            standing.append(number)
    return marks, standing


def _seconds(mark: Mapping[str, Any]) -> int:
    seconds = mark.get(ReviewKey.TIME)
    return int(seconds) if isinstance(seconds, int | float) else 0
