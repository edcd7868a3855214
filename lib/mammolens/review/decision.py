"""A person's decision on an exam, or the undo of one."""

from __future__ import annotations

import math
import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from mammolens.enums import BiradsCategory, FindingType, NormalityCategory, Verdict
from mammolens.errors import RequestError

Point = tuple[float, float]

LONGEST_TEXT = 2000
LONGEST_NAME = 128
_FEWEST_POINTS = 3  # that enclose an area
_FIRST_YEAR = 1900  # no mammogram was taken before; years below 1000 would not be written with four digits
_UID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")  # PS3.5 9.1, and what real files have in its place
_EXAM = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


class Origin(StrEnum):
    """The interface through which a decision was made."""

    VIEWER = "viewer"  # the exam routes: OHIF, 3D Slicer, the worklist's page
    MONAI_LABEL = "monailabel"  # MONAI Label's own routes: an image's info, a final label
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Region:
    """A region that a person drew, a closed outline.

    Attributes:
        image: SOP Instance UID (0008,0018).
        points: (column, row) on the image's pixel grid, pixel centres at whole numbers; the last one joins the first.
        finding_type: what the person sees there; ``None``: not stated.
        birads: the assessment of it; ``None``: not stated.

    Raises:
        RequestError: fewer than three different points, a number that is not finite, or no UID.
    """

    image: str
    points: tuple[Point, ...]
    finding_type: FindingType | None = None
    birads: BiradsCategory | None = None

    def __post_init__(self) -> None:
        _check(_UID.fullmatch(self.image), "regions", f"{self.image[:80]!a} is not a SOP Instance UID", "name an image")
        _set(self, points=tuple((finite("regions", column), finite("regions", row)) for column, row in self.points))
        number = len(set(self.points))
        points = f"{number} different point{'' if number == 1 else 's'}"
        remedy = f"draw a closed outline of at least {_FEWEST_POINTS}, or leave it out"
        _check(number >= _FEWEST_POINTS, "regions", f"a region has {points}", remedy)

    @property
    def label(self) -> str:
        """What a person reads: 'Mass, BI-RADS 4A'; empty if neither is stated."""
        return ", ".join(stated.label for stated in (self.finding_type, self.birads) if stated)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on images of an exam, with who made it and which result was shown.

    Attributes:
        exam_id: of the exam; does not identify the patient.
        images: SOP Instance UIDs (0008,0018) of the images that it applies to.
        verdict: ``None`` for an undo.
        reviewer: the account's name.
        decision_id: a client that retries sends the same one.
        undoes: id of the decision that is undone, on ``images``.
        time: UTC, by the server's clock.
        model: name and fingerprint of the model whose result was shown; ``None``: no result was.
        calibration: fingerprint of its calibration.
        exam_p_value: as shown, in [0, 1].
        exam_score: as shown, in robust standard deviations of normal exams.
        viewer: name of the program.
        second_confirmation: the category of the exam for which the person confirmed 'normal' a second time, after a
            note; ``None``: no second confirmation was needed.
        salt: random, so that after an erasure nobody can tell from a digest what was erased.

    Raises:
        RequestError: a field that cannot be stored; names it.
    """

    exam_id: str
    images: tuple[str, ...]
    verdict: Verdict | None
    reviewer: str
    decision_id: uuid.UUID = field(default_factory=uuid.uuid4)
    undoes: uuid.UUID | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    comment: str = ""
    regions: tuple[Region, ...] = ()
    model: str | None = None
    calibration: str | None = None
    exam_p_value: float | None = None
    exam_score: float | None = None
    viewer: str = ""
    origin: Origin = Origin.VIEWER
    second_confirmation: NormalityCategory | None = None
    salt: str = field(default_factory=lambda: secrets.token_hex(16), compare=False)

    def __post_init__(self) -> None:
        _check(_EXAM.fullmatch(self.exam_id), "exam_id", f"{self.exam_id[:80]!a} is not an exam id", "see the worklist")
        _set(self, images=tuple(self.images), regions=tuple(self.regions))
        _check_images(self.images, self.regions)
        assessed = any(region.label for region in self.regions)
        remedy = f"leave finding_type and birads out, or decide {Verdict.FINDING.value!r}"
        _check(
            not assessed or self.verdict is Verdict.FINDING, "regions", "are assessed, but are not a finding", remedy
        )
        _check(
            (self.verdict is None) == (self.undoes is not None),
            "verdict",
            "must be given or 'undoes', but not both",
            f"give one of {', '.join(Verdict)}, or the decision to undo",
        )
        again = self.second_confirmation is None or self.verdict is Verdict.NORMAL
        remedy = f"leave it out, or decide {Verdict.NORMAL.value!r}"
        _check(again, "second_confirmation", "is given, but the exam is not confirmed as normal", remedy)
        _check(self.reviewer, "reviewer", "is empty", "say who decided")
        _check_text("comment", self.comment, LONGEST_TEXT)
        _check(self.salt, "salt", "is empty", "leave it out")
        for name in ("reviewer", "viewer", "model", "calibration", "salt"):
            _check_text(name, getattr(self, name) or "", LONGEST_NAME)
        _set(self, model=self.model or None, calibration=self.calibration or None)
        _check(self.time.tzinfo, "time", "has no time zone", "give it in UTC, as 2026-01-31T12:00:00Z")
        _check(self.time.year > _FIRST_YEAR, "time", f"{self.time.isoformat()} is implausible", "correct the year")
        _set(self, time=self.time.astimezone(UTC))
        for name in ("exam_p_value", "exam_score"):
            if (value := getattr(self, name)) is not None:
                _set(self, **{name: finite(name, value)})
        _check(0 <= (self.exam_p_value or 0) <= 1, "exam_p_value", f"{self.exam_p_value} is not a share", "give 0 to 1")

    @property
    def is_undo(self) -> bool:
        """Whether it undoes another decision."""
        return self.undoes is not None

    def content(self) -> tuple[object, ...]:
        """The person's input without what the server added; equal for retries of one request."""
        return self.exam_id, self.verdict, self.undoes, self.reviewer, self.comment, self.regions


def _check_images(images: tuple[str, ...], regions: Iterable[Region]) -> None:
    _check(images, "images", "is empty", "name the images that were decided on")
    _check(len(set(images)) == len(images), "images", "has an image twice", "name each once")
    for image in images:
        _check(_UID.fullmatch(image), "images", f"{image[:80]!a} is not a SOP Instance UID", "give 0008,0018 of each")
    for region in regions:
        known = region.image in images
        _check(known, "regions", f"{region.image!a} is not an image of the decision", "draw on its images")


def _check_text(name: str, text: str, longest: int) -> None:
    _check(len(text) <= longest, name, f"has {len(text)} characters", f"use at most {longest}")
    odd = "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)  # no database keeps these
    _check(not odd, name, "contains an invalid character", "remove NUL and half surrogates")


def finite(name: str, value: float) -> float:
    """A number of a field as float.

    Raises:
        RequestError: it is not finite, or too large for one; names the field.
    """
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        number = math.nan
    _check(math.isfinite(number), name, f"{_start_of(value)} is not a finite number", "give a decimal number")
    return number + 0.0  # SQLite knows no negative zero


def _start_of(value: object) -> str:
    try:
        return ascii(str(value)[:80])
    except ValueError:  # Python writes no integer of thousands of digits
        return "it"


def _check(fits: object, name: str, reason: str, remedy: str) -> None:
    if not fits:
        raise RequestError(name, reason, remedy)


def _set(instance: object, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(instance, name, value)
