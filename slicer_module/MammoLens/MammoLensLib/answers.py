"""The server's answers as dataclasses; a test compares them with docs/schema/server.schema.json.

Points in an image are ``(column, row)`` in pixels, whole numbers at the centres of pixels. Times are ISO, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .parsing import json_field

Point = tuple[float, float]
WAITS = "waits"
RUNNING, QUEUED = "running", "queued"
RESUMABLE = ("stopped", "failed")

# ---------------------------------------------------------------- decisions


class Verdict(Enum):
    """A person's verdict on an exam, in the server's terms."""

    NORMAL = "normal"
    FINDING = "finding"
    POOR_QUALITY = "poor_quality"


@dataclass(frozen=True)
class Choice:
    """One of the values that a person chooses from, as a request states it, and in the server's words."""

    value: str
    label: str


@dataclass(frozen=True)
class Region:
    """A region that the person marked, closed.

    Attributes:
        image: id of the server.
        points: at least three.
        finding_type: one of :attr:`ExamDetail.finding_types`; ``None``: not stated.
        birads: one of :attr:`ExamDetail.birads_categories`; ``None``: not stated.
        label: both in the server's words; empty if neither is stated.
    """

    image: str
    points: tuple[Point, ...] = ()
    finding_type: str | None = None
    birads: str | None = None
    label: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is sent to the server."""
        return {
            "image": self.image,
            "points": [list(point) for point in self.points],
            "finding_type": self.finding_type,
            "birads": self.birads,
        }


@dataclass(frozen=True)
class Decision:
    """A decision on an exam.

    Attributes:
        verdict_label: the verdict in words.
        id: UUID.
        undone: it was undone later.
    """

    verdict: str
    verdict_label: str = ""
    id: str | None = None
    reviewer: str | None = None
    time: str | None = None
    comment: str | None = None
    model: str | None = None
    exam_p_value: float | None = None
    confirmed_again: bool = False
    regions: tuple[Region, ...] = ()
    undone: bool = False


# ---------------------------------------------------------------- exams


@dataclass(frozen=True)
class HeatLevel:
    """A level of the heatmap.

    Attributes:
        value: of the anomaly map, where the level begins.
        share: of normal images that reach it, 0 to 1.
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
class FindingComparison:
    """A finding compared with the latest prior exam.

    Attributes:
        status: "new", "seen" or "not_comparable".
        text: in words.
    """

    status: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Finding:
    """A suspicious region.

    Attributes:
        rank: 1 is the most anomalous of its image.
        number: 1 is the most anomalous of its exam; this one is shown.
        text: in words.
        level: name of its highest heat level.
        peak: of the anomaly map.
        bounding_box: ``(column, row, column, row)``.
        contour: closed, or empty.
        area_mm2: ``None`` if the pixel size is unknown.
        prior: ``None``: the patient has no prior exam.
    """

    rank: int
    text: str | None = None
    level: str | None = None
    peak: float | None = None
    peak_location: Point | None = None
    bounding_box: tuple[float, float, float, float] | None = None
    contour: tuple[Point, ...] = ()
    area_mm2: float | None = None
    number: int = 0
    prior: FindingComparison | None = None


@dataclass(frozen=True)
class Quality:
    """A quality problem of an image."""

    flag: str
    explanation: str | None = None


@dataclass(frozen=True)
class HangingSlot:
    """Where an image hangs.

    Attributes:
        label: unique in the exam, "R CC".
        row: 0 is the top.
        column: 0 is the left of the screen.
    """

    label: str = ""
    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class View:
    """One image of an exam.

    Attributes:
        image: id of the server.
        laterality: "L" or "R".
        view: "CC", "MLO" ...
        name: "R CC"; what is known of it.
        slot: where it hangs.
        findings: the most anomalous first.
        error: why inference failed.
    """

    image: str
    sop_instance_uid: str | None = None
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    laterality: str | None = None
    view: str | None = None
    name: str = ""
    slot: HangingSlot = field(default=HangingSlot(), metadata=json_field("slot", required=True))
    p_value: float | None = None
    percentile: float | None = None
    is_anomalous: bool | None = None
    sentence: str | None = None
    quality: tuple[Quality, ...] = ()
    findings: tuple[Finding, ...] = ()
    findings_left_out: int = 0
    error: str | None = None


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
        exam_decile: score from 1 to 10; 10 is the most anomalous.
        score_text: the score with the p-value, in words.
        exam_category_label: "Unusual" and so on.
        verdict: "normal", "finding", "poor_quality" or ``None``.
        verdict_label: the same in words.
        readers: whose decisions count.
        open: decisions count, but the site requires more of them for a verdict.
        problems: why an image cannot be scored, a sentence each.
        rank: position in the worklist, the first is 1.
    """

    exam: str
    patient: str | None = None
    study_date: str | None = None
    images: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    state: str | None = None
    exam_p_value: float | None = None
    exam_percentile: float | None = None
    exam_decile: int | None = None
    score_text: str | None = None
    exam_category_label: str | None = None
    exam_is_anomalous: bool | None = None
    sentence: str | None = None
    verdict: str | None = None
    verdict_label: str | None = None
    reviewer: str | None = None
    reviewed_at: str | None = None
    readers: tuple[str, ...] = ()
    open: bool = False
    problems: tuple[str, ...] = ()
    rank: int | None = None


@dataclass(frozen=True)
class Drift:
    """Drift of recent exams from those of the calibration.

    Attributes:
        alarm: drift was detected.
        sentence: the state in one sentence.
    """

    alarm: bool = False
    sentence: str | None = None


@dataclass(frozen=True)
class Worklist:
    """The worklist.

    Attributes:
        entries: in the server's order: unreviewed first, the most anomalous of them first.
        drift: of recent exams from those of the calibration.
    """

    entries: tuple[ExamEntry, ...] = field(default=(), metadata=json_field("exams", required=True))
    drift: Drift = Drift()


@dataclass(frozen=True)
class Progress:
    """Progress of inference, in steps."""

    done: int
    total: int
    doing: str


@dataclass(frozen=True)
class Breast:
    """One breast compared with normal breasts; ``name`` is "Right breast"."""

    name: str = ""
    score: float | None = None
    score_text: str | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class PriorView:
    """An image of a prior exam.

    Attributes:
        current: id of the image of the current exam that it is compared with.
        image: id of the server.
    """

    current: str
    image: str
    sop_instance_uid: str | None = None
    laterality: str | None = None
    view: str | None = None
    name: str = ""


@dataclass(frozen=True)
class PriorExam:
    """An earlier exam of the patient.

    Attributes:
        exam: opaque id.
        study_date: "2024-01-31".
        state: "new", "running", "done" or "failed".
        unmatched: current views that have no counterpart.
    """

    exam: str
    study_date: str | None = None
    state: str | None = None
    score_text: str | None = None
    verdict_label: str | None = None
    views: tuple[PriorView, ...] = ()
    unmatched: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExamDetail:
    """An exam in full.

    Attributes:
        entry: its line of the worklist.
        levels: of the heatmap, the lowest first.
        technical_quality: of the analysed images, in a sentence.
        decisions: oldest first.
        suspect_reason: why it awaits a second confirmation as normal; ``None``: it does not.
        safety_note: shown after 'normal' was chosen, which must then be confirmed again; ``None``: it needs not.
        missing: views of a screening exam that this one lacks, "L MLO".
        next: id of the exam to read after this one.
        finding_types: that a region of a decision may have.
        birads_categories: that a region of a decision may have.
        priors: the latest first.
        prior_cautions: why some may be missing.
    """

    entry: ExamEntry = field(metadata=json_field(None))
    progress: Progress | None = None
    decision_rule: str | None = None
    score_meaning: str | None = None
    breasts: tuple[Breast, ...] = ()
    levels: tuple[HeatLevel, ...] = ()
    views: tuple[View, ...] = field(default=(), metadata=json_field("views_in_detail"))
    technical_quality: str | None = None
    decisions: tuple[Decision, ...] = ()
    suspect_reason: str | None = None
    safety_note: str | None = None
    missing: tuple[str, ...] = ()
    next: str | None = None
    finding_types: tuple[Choice, ...] = ()
    birads_categories: tuple[Choice, ...] = ()
    priors: tuple[PriorExam, ...] = ()
    prior_cautions: tuple[str, ...] = ()
    model: str | None = None

    @property
    def exam(self) -> str:
        """Its id."""
        return self.entry.exam


# ---------------------------------------------------------------- learning


@dataclass(frozen=True)
class JobProgress:
    """Progress of a job.

    Attributes:
        stage: "prepare", "learn", "calibrate" or "gate".
        sentence: the current step and the remaining time, in words.
        share: of the whole, 0 to 1; ``None`` if unknown.
    """

    stage: str
    sentence: str | None = None
    share: float | None = None


@dataclass(frozen=True)
class JobOutcome:
    """Result of a job.

    Attributes:
        model: id of the new model; ``None`` if there is none.
        serves: it serves now.
        waits: it passed the gate and waits for a person.
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
        kind_label: the same in words.
        state: "queued", "running", "stopped", "failed" or "done".
        state_label: its state, or what came of it, in words.
        doing: what is being done now, in words; ``None`` unless it runs.
        error: why it failed.
    """

    job: str
    kind: str | None = None
    kind_label: str = ""
    state: str | None = None
    state_label: str = ""
    doing: str | None = None
    asked_by: str | None = None
    asked_at: str | None = None
    ended_at: str | None = None
    error: str | None = None
    progress: JobProgress | None = None
    outcome: JobOutcome | None = None


@dataclass(frozen=True)
class LearningJobs:
    """Running, queued and finished jobs.

    Attributes:
        jobs: the newest first.
        queued: ids, the next first.
    """

    jobs: tuple[LearningJob, ...] = field(default=(), metadata=json_field("jobs", required=True))
    running: str | None = None
    queued: tuple[str, ...] = ()

    @property
    def current(self) -> LearningJob | None:
        """The running job, else the next in the queue, else the newest."""
        for job in (self.running, *self.queued):
            found = next((one for one in self.jobs if one.job == job), None)
            if found is not None:
                return found
        return self.jobs[0] if self.jobs else None

    @property
    def is_busy(self) -> bool:
        """A job runs or is queued."""
        return self.running is not None or bool(self.queued)


@dataclass(frozen=True)
class GateCheck:
    """One check of the gate.

    Attributes:
        name: "realised_rate", "synthetic_lesions_detected" and so on.
        label: of the check, as a person reads it.
        outcome_label: the outcome in words.
        passed: the check does not reject the model.
        sentence: figure, interval and limit, in words.
        candidate_text, serving_text: the figure of the new model and of the one that served then, as a person reads it.
    """

    name: str
    label: str = ""
    outcome_label: str = ""
    passed: bool = False
    sentence: str | None = None
    candidate_text: str = ""
    serving_text: str = ""


@dataclass(frozen=True)
class GateResult:
    """The result of the gate for a model.

    Attributes:
        against: id of the model that it was compared with.
        overridden_by: who promoted it against the gate.
    """

    passed: bool = False
    reason: str | None = None
    against: str | None = None
    evaluated_at: str | None = None
    overridden_by: str | None = None
    checks: tuple[GateCheck, ...] = ()


@dataclass(frozen=True)
class Model:
    """A version.

    Attributes:
        model_id: of its weights; a recalibrated version shares it with its parent.
        state: "serving", "waits", "refused", "former" or "pretrained".
        state_label: the same in words.
        images, patients: learned from.
        calibrated_on: patients.
        can_serve: its files are whole, and it does not serve already.
        needs_reason: to let it serve, a person must say why.
    """

    model: str
    model_id: str | None = None
    state: str | None = None
    state_label: str = ""
    parent: str | None = None
    kind: str | None = None
    added_at: str | None = None
    added_by: str | None = None
    images: int | None = None
    patients: int | None = None
    epochs: int | None = None
    calibrated_on: int | None = None
    gate_result: GateResult | None = None
    can_serve: bool = False
    needs_reason: bool = False


@dataclass(frozen=True)
class ModelEvent:
    """Something that happened to a model."""

    event: str
    time: str | None = None
    version: str | None = None
    previous: str | None = None
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Models:
    """All versions, the newest first, and what happened to them, the newest first.

    Attributes:
        serving: id of the model that serves.
        can_roll_back: another one served before.
    """

    models: tuple[Model, ...] = field(default=(), metadata=json_field("models", required=True))
    serving: str | None = None
    can_roll_back: bool = False
    history: tuple[ModelEvent, ...] = ()

    @property
    def waiting(self) -> Model | None:
        """The newest model that waits for a person."""
        return next((one for one in self.models if one.state == WAITS), None)

    def named(self, model: str | None) -> Model | None:
        """The version of this id."""
        return next((one for one in self.models if one.model == model), None)


@dataclass(frozen=True)
class SuspectNormal:
    """A suspect normal: an exam that is left out of training until it is confirmed a second time.

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
class SuspectNormals:
    """All of them, the most extreme first."""

    exams: tuple[SuspectNormal, ...] = field(default=(), metadata=json_field("exams", required=True))


# ---------------------------------------------------------------- the server itself


@dataclass(frozen=True)
class ServerInfo:
    """The server as its /info/ describes it.

    Attributes:
        version: of MammoLens there.
        model: id of the model that serves; ``None`` while none does.
        notice: the notice for every user.
    """

    version: str
    model: str | None
    notice: str
