"""What the server answers, as values; its JSON Schema is docs/schema/server.schema.json, and a test compares both.

Points in an image are ``(column, row)`` in pixels, whole numbers at the centres of pixels. Times are ISO, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .parsing import told_as

Point = tuple[float, float]
WAITS = "waits"
RUNNING, QUEUED = "running", "queued"
RESUMABLE = ("stopped", "failed")

# ---------------------------------------------------------------- decisions


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
        points: at least three.
    """

    image: str
    points: tuple[Point, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the server takes it."""
        return {"image": self.image, "points": [list(point) for point in self.points]}


@dataclass(frozen=True)
class Decision:
    """What somebody decided about an exam.

    Attributes:
        id: UUID.
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


# ---------------------------------------------------------------- exams


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
        bounding_box: ``(column, row, column, row)``.
        contour: closed, or empty.
        area_mm2: ``None`` where the image tells no pixel size.
    """

    rank: int
    text: str | None = None
    level: str | None = None
    peak: float | None = None
    peak_location: Point | None = None
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
class ExamEntry:
    """A line of the worklist.

    Attributes:
        exam: opaque id.
        study_date: "2026-01-31".
        images: ids, in the order of ``views``.
        views: "R CC" and so on.
        state: "new", "running", "done" or "failed".
        exam_p_value: share of normal exams that are at least as anomalous; ``None`` until all images are scored.
        verdict: "normal", "finding", "poor_quality" or ``None``.
        readers: whose decisions stand.
        open: decisions stand, but the site asks for more of them before there is a verdict.
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
    readers: tuple[str, ...] = ()
    open: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drift:
    """Whether recent exams still are like those that the model was calibrated on.

    Attributes:
        alarm: they are not.
        sentence: how it is, in one sentence.
    """

    alarm: bool = False
    sentence: str | None = None


@dataclass(frozen=True)
class Worklist:
    """What is to be read.

    Attributes:
        entries: in the server's order: unreviewed first, the most anomalous of them first.
        drift: whether the exams still are like those that the model was calibrated on.
    """

    entries: tuple[ExamEntry, ...] = field(default=(), metadata=told_as("exams", required=True))
    drift: Drift = Drift()


@dataclass(frozen=True)
class Progress:
    """How far the server is with judging; steps."""

    done: int
    total: int
    doing: str


@dataclass(frozen=True)
class Breast:
    """One breast against normal breasts; ``laterality`` is ``None`` where the images tell no side."""

    laterality: str | None = None
    score: float | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class ExamDetail:
    """An exam in full.

    Attributes:
        entry: its line of the worklist.
        levels: of the heatmap, the lowest first.
        decisions: oldest first.
        next: id of the most anomalous other exam that nobody reviewed.
    """

    entry: ExamEntry = field(metadata=told_as(None))
    progress: Progress | None = None
    decision_rule: str | None = None
    breasts: tuple[Breast, ...] = ()
    levels: tuple[HeatLevel, ...] = ()
    views: tuple[View, ...] = field(default=(), metadata=told_as("views_in_detail"))
    decisions: tuple[Decision, ...] = ()
    next: str | None = None
    model: str | None = None

    @property
    def exam(self) -> str:
        """Its id."""
        return self.entry.exam


# ---------------------------------------------------------------- learning


@dataclass(frozen=True)
class JobProgress:
    """How far a job is.

    Attributes:
        stage: "prepare", "learn", "calibrate" or "gate".
        sentence: what is being done and how long it takes, in words.
        share: of the whole, 0 to 1; ``None`` where nobody can tell.
    """

    stage: str
    sentence: str | None = None
    share: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        model: id of what it made; ``None`` where nothing came of it.
        serves: it serves now.
        waits: it is not worse, and waits for a person to say so.
        reason: in words.
    """

    model: str | None = None
    serves: bool = False
    waits: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class LearningJob:
    """A job.

    Attributes:
        kind: "train" or "recalibrate".
        state: "queued", "running", "stopped", "failed" or "done".
        error: why it failed.
    """

    job: str
    kind: str | None = None
    state: str | None = None
    asked_by: str | None = None
    asked_at: str | None = None
    ended_at: str | None = None
    error: str | None = None
    progress: JobProgress | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class LearningJobs:
    """What is learned, what waits for its turn, what came before.

    Attributes:
        jobs: the newest first.
        queued: ids, the next first.
    """

    jobs: tuple[LearningJob, ...] = field(default=(), metadata=told_as("jobs", required=True))
    running: str | None = None
    queued: tuple[str, ...] = ()

    @property
    def current(self) -> LearningJob | None:
        """The one that matters now: that which runs, else the next in the queue, else the last one asked for."""
        for job in (self.running, *self.queued):
            found = next((one for one in self.jobs if one.job == job), None)
            if found is not None:
                return found
        return self.jobs[0] if self.jobs else None

    @property
    def is_busy(self) -> bool:
        """Something runs or waits for its turn."""
        return self.running is not None or bool(self.queued)


@dataclass(frozen=True)
class Check:
    """One thing that the gate looked at.

    Attributes:
        name: "realised_rate", "synthetic_lesions_detected" and so on.
        passed: it does not stand in the model's way.
        sentence: figure, interval and what is asked for, in words.
        candidate, serving: the figure of the new model and of the one that served then.
        interval: of the new model's figure; of what it loses against the other, where it has no figure of its own.
    """

    name: str
    passed: bool = False
    sentence: str | None = None
    candidate: float | None = None
    serving: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class GateVerdict:
    """What the gate says of a model.

    Attributes:
        against: id of the model that it was set against.
        overridden_by: who let it serve all the same.
    """

    passed: bool = False
    reason: str | None = None
    against: str | None = None
    evaluated_at: str | None = None
    overridden_by: str | None = None
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Model:
    """A version.

    Attributes:
        model_id: of what it learned; a version that was calibrated anew shares it with the one before.
        state: "serving", "waits", "refused", "former" or "pretrained".
        images, patients: learned from.
        calibrated_on: patients.
        can_serve: its files are whole, and it does not serve already.
    """

    model: str
    model_id: str | None = None
    state: str | None = None
    parent: str | None = None
    kind: str | None = None
    added_at: str | None = None
    added_by: str | None = None
    images: int | None = None
    patients: int | None = None
    epochs: int | None = None
    calibrated_on: int | None = None
    verdict: GateVerdict | None = field(default=None, metadata=told_as("gate_result"))
    can_serve: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened to a model."""

    event: str
    time: str | None = None
    version: str | None = None
    previous: str | None = None
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Models:
    """All versions, the newest first, and what happened to them, the newest first."""

    models: tuple[Model, ...] = field(default=(), metadata=told_as("models", required=True))
    serving: str | None = None
    history: tuple[Event, ...] = ()

    @property
    def waiting(self) -> Model | None:
        """The newest that waits for a person."""
        return next((one for one in self.models if one.state == WAITS), None)

    def named(self, model: str | None) -> Model | None:
        """The version of this id."""
        return next((one for one in self.models if one.model == model), None)

    def needs_reason(self, model: Model) -> bool:
        """Whether letting it serve goes against the gate: it did not pass against the model that serves now."""
        verdict, serving = model.verdict, self.named(self.serving)
        if verdict is None or not verdict.passed or serving is None:
            return True
        return verdict.against not in (serving.model, serving.model_id)


@dataclass(frozen=True)
class SecondLook:
    """An exam that is not learned from until it is confirmed a second time.

    Attributes:
        exam: id.
        views: "R CC" and so on.
        exam_p_value: share of normal exams that are at least as anomalous.
        reason: in words.
    """

    exam: str
    patient: str | None = None
    views: tuple[str, ...] = ()
    exam_p_value: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class SecondLooks:
    """All of them, the most extreme first."""

    exams: tuple[SecondLook, ...] = field(default=(), metadata=told_as("exams", required=True))


# ---------------------------------------------------------------- the server itself


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
