"""Jobs, model versions with gate results, drift, suspect normals. Times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field, JsonValue

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.base import Response
from mammolens.labelapp.responses.exams import DriftSummary, Share
from mammolens.models.history import EventKind
from mammolens.promotion.gate_result import CheckName, CheckStatus
from mammolens.training.progress import Stage


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"

    @property
    def is_over(self) -> bool:
        """Nothing more happens by itself."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class JobProgress(Response):
    """The progress of a running job."""

    stage: Stage
    sentence: str = Field(description="what is being done and how long it takes, in words")
    done: int = Field(description="images, or epochs while it learns")
    total: int
    share: Share | None = Field(None, description="of the whole job; None: not known")
    seconds_left: float | None = Field(None, description="of the whole job, about; None: not known yet")


class GateCheck(Response):
    """One check of the gate."""

    name: CheckName
    label: str = Field(description="what is checked, in words")
    passed: bool = Field(description="the check does not prevent promotion")
    outcome: CheckStatus
    outcome_label: str = Field(description="the outcome in words")
    sentence: str = Field(description="figure, interval and limit, in words")
    candidate: float | None = Field(description="the figure of the new model")
    serving: float | None = Field(description="the figure of the model then in use")
    candidate_text: str = Field(
        description="the figure, or the interval of the loss, as a person reads it; may be empty"
    )
    serving_text: str = Field(description="the same for the model then in use")
    interval: tuple[float, float] | None = Field(
        description="of the new model's figure; of its loss against the other model, if it has no own figure"
    )


class JobOutcome(Response):
    """The result of a job."""

    model: str = Field(description="id of the new version")
    serves: bool
    waits: bool = Field(description="it passed the gate and awaits approval by a person")
    reason: str
    checks: list[GateCheck]
    images: int = Field(description="used for training or calibration")
    patients: int
    held_out: int = Field(description="patients used for the gate only")
    set_aside: int = Field(description="suspect normals, which were not used for training")


class JobDetail(Response):
    """A learning job."""

    job: str = Field(description="id")
    kind: LearningKind
    kind_label: str = Field(description="the kind in words")
    parameters: dict[str, JsonValue]
    asked_by: str
    asked_at: datetime
    state: JobState
    state_label: str = Field(description="its state, or what came of it, in words: 'the new model is in use'")
    doing: str | None = Field(description="what is being done now, in words; None unless it runs")
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int = Field(description="how often a process was started for it")
    outcome: JobOutcome | None
    error: str | None = Field(description="why it failed")
    progress: JobProgress | None = Field(description="while it runs")
    log: list[str] = Field(description="its last lines")


class JobList(Response):
    """Learning jobs, the newest first."""

    jobs: list[JobDetail]
    running: str | None
    queued: list[str] = Field(description="ids, the next first")
    missing: dict[LearningKind, str] = Field(
        default_factory=dict, description="why a job of this kind would certainly be refused now, a clause each"
    )


class GateResultDetail(Response):
    """The gate's result for a model."""

    passed: bool
    reason: str
    against: str = Field(description="id of the model that it was compared with")
    evaluated_at: str
    checks: list[GateCheck]
    overridden_by: str | None = Field(description="who put it in use nevertheless")


class ModelState(StrEnum):
    """The state of a version."""

    SERVING = "serving"
    WAITS = "waits"
    REFUSED = "refused"
    FORMER = "former"
    PRETRAINED = "pretrained"

    @property
    def label(self) -> str:
        """What a person reads: 'awaits approval'."""
        return _STATE_LABELS[self]


_STATE_LABELS = {
    ModelState.SERVING: "in use",
    ModelState.WAITS: "awaits approval",
    ModelState.REFUSED: "rejected",
    ModelState.FORMER: "previously used",
    ModelState.PRETRAINED: "shipped",
}


class ModelVersion(Response):
    """A version of the model."""

    model: str = Field(description="id of the version")
    model_id: str = Field(description="of its weights; a recalibrated version shares it with the one before")
    state: ModelState
    state_label: str = Field(description="the state in words")
    parent: str | None
    kind: LearningKind | None
    added_at: str | None
    added_by: str | None
    images: int | None = Field(description="learned from")
    patients: int | None = Field(description="learned from")
    epochs: int | None
    calibrated_on: int | None = Field(description="patients")
    gate_result: GateResultDetail | None
    can_serve: bool = Field(description="its files are whole, and it does not serve already")
    needs_reason: bool = Field(description="to put it in use: the gate has not passed it against the model in use")


class ModelEvent(Response):
    """Something that happened to a version."""

    time: str
    event: EventKind
    event_label: str = Field(description="the event in words")
    version: str
    previous: str
    by: str = Field(description="a person, or the program that did it automatically")
    why: str
    overridden: bool = Field(description="against the gate")


class ModelList(Response):
    """All versions, the newest first, the model of the package last; and what happened, the newest first."""

    serving: str
    cannot_flag: str | None = Field(
        description="why the model in use can flag no exam, as the predicate of 'the model ...'; None: it can"
    )
    can_roll_back: bool = Field(description="another model served before")
    models: list[ModelVersion]
    history: list[ModelEvent]


class MachineUse(Response):
    """A machine among recent exams."""

    group: str | None
    exams: int
    known: bool = Field(description="the calibration has normal exams of it")
    distance: float | None = Field(description="of its p-values from even ones (Kolmogorov-Smirnov); None: too few")
    chance: float | None = Field(description="of such a distance if nothing has changed")


class SoftwareUse(Response):
    """A version of a machine's software among recent exams."""

    version: str | None
    exams: int
    known: bool | None = Field(description="None if the calibration has no record of it")


class DriftDetail(DriftSummary):
    """Recent exams against those of the calibration."""

    exams: int
    enough: bool = Field(description="to test their p-values")
    machines: list[MachineUse] = Field(description="the most frequent first")
    software: list[SoftwareUse] = Field(description="the most frequent first")
    p_values: list[int] = Field(description="exams with a p-value in (0, 0.1], (0.1, 0.2] ... (0.9, 1]")
    model: str
    calibration: str


class SuspectNormalDetail(Response):
    """An exam confirmed as normal with an extreme score; not used for training until it is confirmed again."""

    exam: str
    patient: str
    views: list[str]
    exam_p_value: Share | None
    viewer: str
    reason: str


class SuspectNormalList(Response):
    """The most extreme first."""

    exams: list[SuspectNormalDetail]
    model: str
