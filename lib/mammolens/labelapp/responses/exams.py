"""Exams: the worklist, one exam in full, and the decisions on it.

Positions in an image are (column, row) in pixels, pixel centres at whole numbers. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from mammolens.calibration.drift import DriftCause
from mammolens.enums import BiradsCategory, FindingType, Laterality, NormalityCategory, Verdict, ViewPosition
from mammolens.labelapp.responses.base import Response

Share = Annotated[float, Field(ge=0, le=1)]
Decile = Annotated[int, Field(ge=1, le=10)]
Point = tuple[float, float]


class ExamState(StrEnum):
    """State of an exam's inference by the serving model."""

    NEW = "new"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Thumbnail(Response):
    """A small picture of an image with its heat."""

    address: str
    name: str = Field(description='"R CC"')


class ExamSummary(Response):
    """An entry of the worklist."""

    exam: str = Field(description="opaque id")
    rank: int = Field(description="position in the worklist, the first is 1")
    patient: str = Field(description="Patient ID (0010,0020); empty where there is none")
    study_date: date | None = Field(description="the latest of its studies")
    prior_exams: int = Field(description="number of exams of the same patient with an earlier date")
    images: list[str] = Field(description="ids, in the order of `views`")
    views: list[str] = Field(description='"R CC" and so on, as far as known')
    state: ExamState
    exam_p_value: Share | None = Field(
        description="share of normal exams that are at least as anomalous; None until all images are scored"
    )
    exam_percentile: float | None = Field(description="more anomalous than this percentage of normal exams")
    exam_decile: Decile | None = Field(
        description="tenth of normal exams, shown as the score from 1 to 10; 10 is the most anomalous"
    )
    score_text: str | None = Field(description="that score with the p-value, in words")
    exam_category: NormalityCategory | None = Field(
        description="by the levels of the calibration; None without a result, or where the model can flag no exam"
    )
    exam_category_label: str | None = Field(description="the category in words")
    exam_score: float | None = Field(description="breasts fused; ranks exams of equal p-values")
    exam_is_anomalous: bool | None = Field(description="by the calibration's decision rule")
    sentence: str | None = Field(description="category and percentile in words")
    verdict: Verdict | None = Field(description="the effective verdict; None while the exam is unreviewed or open")
    verdict_label: str | None = Field(description="the verdict in words")
    reviewer: str | None = Field(description="who decided last, if there is a verdict")
    reviewed_at: str | None
    readers: list[str] = Field(description="whose decisions are active on at least one image")
    open: bool = Field(description="there are decisions, but the review policy requires more for a verdict")
    in_progress_by: list[str] = Field(
        description="other readers who opened it within the last half hour and have not decided since"
    )
    problems: list[str] = Field(description="why an image cannot be scored, a sentence each")
    thumbnails: list[Thumbnail] = Field(description="as the images hang, at most four; empty without a result")
    viewer: str = Field(description="where OHIF opens it")


class DriftAlarm(Response):
    """One cause why the calibration may not hold any more."""

    cause: DriftCause
    sentence: str
    source: str | None = Field(description="the machine or software; None: not only one")


class DriftSummary(Response):
    """Whether recent exams still are like those that the model was calibrated on."""

    alarm: bool
    alarms: list[DriftAlarm]
    sentence: str


class ExamList(Response):
    """The worklist: unreviewed exams first, of these the most anomalous; those without a number last."""

    exams: list[ExamSummary]
    read_next: str | None = Field(
        description="where OHIF opens the first exam that has no verdict and is not in progress; None: no such exam"
    )
    images_left_out: int = Field(description="images of the datastore that belong to no exam")
    files_passed_over: int = Field(description="other files than images: DICOMDIR, CAD SR, a viewer's pictures, ...")
    model: str
    calibration: str
    model_refused: str | None = Field(
        description="why the model in use does not serve, and what serves instead; None: it serves"
    )
    cannot_flag: str | None = Field(
        description="why the model in use can flag no exam, as the predicate of 'the model ...'; None: it can"
    )
    score_meaning: str = Field(description="what the score and the category mean, and how exact they are")
    notice: str
    drift: DriftSummary | None = Field(description="None while it is unknown")


class InferenceProgress(Response):
    """Progress of an exam's inference in steps: two for each view and one for the exam."""

    done: int
    total: int
    doing: str


class InferenceFailure(Response):
    """An exam that background inference could not infer."""

    exam: str = Field(description="id")
    patient: str
    reason: str


class BackgroundInferenceStatus(Response):
    """What background inference of new exams does."""

    on_arrival: bool = Field(description="the server is configured to infer exams as they arrive")
    requested: bool = Field(description="a run over all new exams was requested and is not over")
    active: bool = Field(description="it infers, or waits for the next exam")
    exam: str | None = Field(description="id of the one that is being inferred")
    done: int = Field(description="exams of this run")
    total: int = Field(description="exams of this run that are known")
    waiting: str | None = Field(description="why it pauses, such as a PACS that does not answer")
    failures: list[InferenceFailure] = Field(description="exams that still have no result")
    stopped_by: str | None = Field(description="who stopped it; None: nobody since it was last requested")
    sentence: str = Field(description="all this in words; empty while there is nothing to say")


class BreastSummary(Response):
    """One breast compared with normal breasts."""

    laterality: Laterality | None
    name: str = Field(description='"Right breast"')
    score: float
    decile: Decile = Field(description="tenth of normal breasts; 10 is the most anomalous")
    score_text: str = Field(description="that score with the p-value, in words")
    p_value: Share
    category: NormalityCategory | None
    sentence: str = Field(description="category and percentile in words")


class HeatLevel(Response):
    """A level of the heatmap."""

    name: str
    value: float = Field(description="of the anomaly map, where the level begins")
    share: Share = Field(description="of normal images that reach it anywhere")
    segment: int = Field(description="its number in label maps and segmentations")
    colour: str = Field(pattern="^#[0-9a-f]{6}$")
    meaning: str


class QualityDoubt(Response):
    """Something doubtful about an image."""

    flag: str
    explanation: str


class PriorStatus(StrEnum):
    """Whether a finding was there at the latest prior exam."""

    NEW = "new"
    SEEN = "seen"
    NOT_COMPARABLE = "not_comparable"


class FindingComparison(Response):
    """A finding compared with the latest prior exam. It is not calibrated, and has no part in score or decision.

    Evidence is the highest value of the anomaly map around the place, in multiples of where findings begin.
    """

    study_date: date = Field(description="of the prior exam")
    status: PriorStatus = Field(description="seen: its evidence then reached 1")
    evidence: float | None = Field(description="None: not comparable")
    prior_evidence: float | None = Field(description="None: not comparable")
    text: str = Field(description="all this in words")


class FindingDetail(Response):
    """A region that stands out."""

    rank: int = Field(description="1 is the most anomalous of its image")
    number: int = Field(description="1 is the most anomalous of its exam; viewers show this one")
    text: str
    level: str = Field(description="name of the highest heat level that is reached")
    percentile: float = Field(
        description="more anomalous than the strongest finding of this percentage of normal exams"
    )
    peak: float = Field(description="highest value of the anomaly map")
    peak_location: tuple[int, int]
    bounding_box: tuple[int, int, int, int] = Field(description="first column, first row, last column, last row")
    contour: list[Point] = Field(description="its first point again at the end")
    area_mm2: float | None = Field(description="None without pixel spacing")
    prior: FindingComparison | None = Field(description="None: the patient has no prior exam")


class SegmentationReference(Response):
    """The DICOM Segmentation of an image's heat levels."""

    sop_instance_uid: str
    series_instance_uid: str


class HangingSlot(Response):
    """Where an image hangs: R CC, L CC above R MLO, L MLO, repetitions and images of unknown side below."""

    label: str = Field(description='unique in the exam: "R CC", and "R CC 2" where it is repeated')
    row: int = Field(description="0 is the top")
    column: int = Field(description="0 is the left: the right breast, or the only one")


class ViewDetail(Response):
    """One image of an exam: its p-value, quality flags and findings; ``None`` and empty before inference."""

    image: str = Field(description="id")
    sop_instance_uid: str
    series_instance_uid: str | None
    study_instance_uid: str | None
    laterality: Laterality | None
    view: ViewPosition | None
    name: str = Field(description='"R CC"; what is known of it')
    slot: HangingSlot
    p_value: Share | None
    percentile: float | None
    is_anomalous: bool | None
    category: NormalityCategory | None
    sentence: str | None
    quality: list[QualityDoubt]
    findings: list[FindingDetail] = Field(description="the most anomalous first")
    findings_left_out: int
    segmentation: SegmentationReference | None
    error: str | None = Field(description="why inference failed")


class PriorView(Response):
    """An image of a prior exam, and the current view that it is compared with."""

    current: str = Field(description="id of the image of the current exam with the same side and view")
    image: str = Field(description="id")
    sop_instance_uid: str
    laterality: Laterality | None
    view: ViewPosition | None
    name: str = Field(description='"R CC"')
    segmentation: SegmentationReference | None = Field(description="None without a result of the model in use")


class PriorExam(Response):
    """An exam of the same patient with an earlier date. It has no part in score, category or decision."""

    exam: str = Field(description="id")
    study_date: date
    state: ExamState
    exam_decile: Decile | None = Field(description="score from 1 to 10 by the model in use; None without a result")
    score_text: str | None = Field(description="that score with the p-value, in words")
    exam_category_label: str | None
    verdict_label: str | None = Field(description="the readers' verdict in words")
    views: list[PriorView] = Field(description="one for each current view that has a counterpart")
    unmatched: list[str] = Field(description="current views without a counterpart, by their slots")
    viewer: str = Field(description="where OHIF opens it")


class RegionDetail(Response):
    """A region that a person marked."""

    image: str = Field(description="id; the SOP Instance UID where the image is away")
    points: list[Point]
    finding_type: FindingType | None = Field(description="None: not stated")
    birads: BiradsCategory | None = Field(description="assessment category; None: not stated")
    label: str = Field(description="both in words; empty if neither is stated")


class DecisionDetail(Response):
    """A decision of a person on an exam."""

    id: UUID
    verdict: Verdict
    verdict_label: str = Field(description="the same in words")
    reviewer: str
    time: str
    comment: str
    viewer: str = Field(description="the program")
    model: str | None = Field(description="whose result was shown")
    exam_p_value: Share | None = Field(description="as shown")
    regions: list[RegionDetail]
    confirmed_again: bool = Field(description="'normal' was confirmed a second time, after the safety-net note")
    undone: bool = Field(description="undone since")


class Choice(Response):
    """One of the values that a person chooses from."""

    value: str = Field(description="as a request states it")
    label: str
    meaning: str = Field(description="in more words; empty if the label says all")


class ExamDetail(ExamSummary):
    """An exam in full."""

    progress: InferenceProgress | None = Field(description="while its inference runs")
    decision_rule: str
    score_meaning: str = Field(description="what the score and the category mean, and how exact they are")
    breasts: list[BreastSummary]
    levels: list[HeatLevel] = Field(description="the lowest first")
    views_in_detail: list[ViewDetail] = Field(description="in the order of `images`")
    technical_quality: str | None = Field(
        description="what is technically wrong with the analysed images; unofficial. None: none was analysed"
    )
    decisions: list[DecisionDetail] = Field(description="all of them, oldest first")
    suspect_reason: str | None = Field(
        description="why it awaits a second confirmation as normal, see `/mammolens/suspect-normals`; None: it does not"
    )
    safety_note: str | None = Field(
        description="shown after 'normal' was chosen: such a decision must be confirmed a second time, with "
        "`second_confirmation`; None: it needs none"
    )
    missing: list[str] = Field(
        description="of R CC, L CC, R MLO and L MLO, those that the exam lacks; empty if a side or view is unknown"
    )
    next: str | None = Field(
        description="the next less anomalous exam without a verdict, after the last the first; None: no other"
    )
    priors: list[PriorExam] = Field(description="the latest first; exams of the same day or without a date are none")
    prior_cautions: list[str] = Field(description="what is doubtful about them, a sentence each")
    finding_types: list[Choice] = Field(description="that a region of a decision may have")
    birads_categories: list[Choice] = Field(description="that a region of a decision may have")
    stored_at: str | None = Field(description="when the PACS took its DICOM objects")
    can_store: bool
    model: str
    calibration: str


class ScoreImport(Response):
    """What became of scores that were sent."""

    stored: int = Field(description="images whose score is stored now")
    already_processed: int = Field(description="images that the serving model had scored, or failed to; unchanged")
    unknown: int = Field(description="images that this server does not have")


class OhifManifest(Response):
    """The exam for OHIF's DICOM JSON data source."""

    studies: list[dict[str, JsonValue]]
