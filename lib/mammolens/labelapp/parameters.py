"""What a request may ask of each task: names, types, limits, defaults; anything else in it is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mammolens.dicom.derived.kinds import OF_IMAGE, DerivedKind
from mammolens.enums import BiradsCategory, FindingType, Laterality, Verdict, ViewPosition
from mammolens.errors import RequestError
from mammolens.labelapp.keys import OutputMap, ResultExtension

_Place = Annotated[float, Field(ge=-1e6, le=1e6)]  # pixels: far outside any image, and far from overflow
_Device = Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$")]
_Points = Annotated[list[tuple[_Place, _Place]], Field(max_length=2000, json_schema_extra={"minItems": 3})]
_SECOND_CONFIRMATION = "of 'normal' on a highly unusual exam: it was confirmed again, after the exam's `safety_note`"


class Parameters(BaseModel):
    """Base of all; the defaults are what ``/info`` lists."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class InferParameters(Parameters):
    """One image."""

    output_map: OutputMap = Field(OutputMap.LEVELS, description="'levels': uint8 label; 'float': the anomaly map")
    result_extension: ResultExtension = ResultExtension.NRRD
    dicom: DerivedKind | None = Field(None, description="a DICOM object of the image in place of the map")
    device: _Device | None = Field(None, description="that the networks run on; without: as the server is set")
    exam_scores: bool = Field(True, description="score the exam's other views too, where they have no score yet")

    @field_validator("dicom")
    @classmethod
    def _of_an_image(cls, kind: DerivedKind | None) -> DerivedKind | None:
        if kind is not None and kind not in OF_IMAGE:
            raise ValueError(f"{kind} is an exam's; use one of {', '.join(OF_IMAGE)}")
        return kind


class InferRequest(InferParameters):
    """One image, and what becomes of its result besides being sent."""

    model: str = Field("", description="name of the infer task")
    image: Path | str = Field("", description="an id of the datastore; of an upload a Path, which no JSON can hold")
    save_label: bool = Field(False, description="keep the map as a label of the image")
    label_tag: str = "original"


class BatchParameters(InferParameters):
    """Many images; each result is kept as a label of the image."""

    images: str | list[str] = Field("all", description="'all', 'labeled', 'unlabeled' or a list of ids")
    label_tag: str = "original"
    max_batch_size: int = Field(0, ge=0, description="stop after this many images; 0: no limit")


class ScoringParameters(Parameters):
    """All images that have no score by the serving model."""

    again: bool = Field(False, description="also those that have one")


class RecalibrateParameters(Parameters):
    """One calibration of the serving model on the eligible normals."""

    ask: bool | None = Field(
        None, description="let a person accept the model that the gate passes; without: as the server is set"
    )
    device: _Device | None = Field(None, description="that the networks run on; without: as the server is set")


class TrainParameters(RecalibrateParameters):
    """One training; ``None`` keeps the serving model's own configuration."""

    epochs: int | None = Field(None, ge=1, le=10_000)
    learning_rate: float | None = Field(None, gt=0, le=1)
    batch_size: int | None = Field(None, ge=1, le=1024)
    seed: int | None = Field(None, ge=0)
    l2_sp: float | None = Field(None, ge=0, le=1000, description="strength that holds weights near the serving model's")
    from_scratch: bool = Field(False, description="start from new weights instead of those of the model in use")
    learn_from_findings: bool = Field(
        False, description="also train on regions that annotators marked; otherwise only the gate uses them"
    )
    resume: bool = Field(False, exclude=True, deprecated=True, description="refused: each training is a job of its own")

    @field_validator("resume")
    @classmethod
    def _refuse_resume(cls, resume: bool) -> bool:
        if resume:
            raise ValueError("each training is a new job; to resume a stopped one, POST /mammolens/jobs/JOB/resume")
        return resume


class LoginParameters(Parameters):
    """A person who logs in with a browser."""

    username: str = Field(max_length=256)
    password: str = Field(max_length=1024, repr=False)


class ModelDecisionParameters(Parameters):
    """What a person decides on a model."""

    why: str = Field("", max_length=2000, description="recorded in the history")


class ImportedScore(Parameters):
    """One image's score, a row of ``mammolens score``."""

    sop_instance_uid: str = Field(max_length=64)
    raw_score: float = Field(allow_inf_nan=False, description="the network's own score")
    pred_score: float = Field(allow_inf_nan=False, description="standardised by the calibration")
    laterality: Laterality | None = None
    view: ViewPosition | None = None
    acquisition_group: str | None = Field(None, max_length=1024)
    software_versions: str | None = Field(None, max_length=1024)


class ScoresParameters(Parameters):
    """Scores of one model."""

    model: str = Field(description="its id; must be that of the serving model, as must the next two")
    calibration: str
    mammolens: str = Field(description="version")
    images: list[ImportedScore] = Field(max_length=2000)


class ExamInferParameters(Parameters):
    """One exam."""

    again: bool = Field(False, description="also if the serving model has a result of it")
    store: bool | None = Field(None, description="send the DICOM objects to the PACS; without: as the server is set")


class DrawnRegion(Parameters):
    """A closed outline that a person drew on an image."""

    image: str
    points: _Points = Field(description="(column, row), pixel centres at whole numbers; at least three different ones")
    finding_type: FindingType | None = Field(None, description="of a 'finding': what the person sees there")
    birads: BiradsCategory | None = Field(None, description="of a 'finding': the assessment of it")


class UndoParameters(Parameters):
    """The undo of the last decision on an exam."""

    id: UUID | None = Field(None, description="id of the decision; a retry with the same id is recorded once")
    viewer: str = Field("", max_length=64, description="name of the program")


class DecisionParameters(UndoParameters):
    """What a person decides on an exam."""

    verdict: Verdict
    comment: str = Field("", max_length=2000)
    regions: list[DrawnRegion] = Field(default_factory=list, max_length=100)
    second_confirmation: bool = Field(False, description=_SECOND_CONFIRMATION)


class ReviewParameters(UndoParameters):
    """What a MONAI Label client decides on one image, as the ``review`` of its info."""

    verdict: Verdict
    comment: str = Field("", max_length=2000)
    regions: list[_Points] = Field(
        default_factory=list, max_length=100, description="as of a decision on an exam, on this image"
    )
    second_confirmation: bool = Field(False, description=_SECOND_CONFIRMATION)


class ReadingParameters(Parameters):
    """A reader's answer to a case of a reader study."""

    id: UUID = Field(description="chosen by the client; a retry with the same id is stored once")
    exam: str = Field(max_length=128)
    session: int = Field(ge=1, le=2)
    likelihood: int = Field(ge=0, le=100, description="answer to the study's question")
    recall: bool = Field(description="whether the reader would recall the patient")
    seconds: float = Field(ge=0, le=86_400, description="from the moment all images were drawn to the answer")
    comment: str = Field("", max_length=2000)


class SampleParameters(Parameters):
    """The next image to look at."""

    client_id: str | None = Field(None, description="who asks, for the log")


P = TypeVar("P", bound=Parameters)


def parse(kind: type[P], request: Mapping[str, Any]) -> P:
    """Read the parameters of a request.

    Raises:
        RequestError: a value that cannot be used; names the parameter.
    """
    try:
        return kind.model_validate(dict(request))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:1])
        raise RequestError(name, first["msg"], "see the config of the task at /info/") from error


def defaults(kind: type[Parameters]) -> dict[str, Any]:
    """Names and default values, as JSON."""
    return kind().model_dump(mode="json")


class ErasureParameters(Parameters):
    """Whose data are erased."""

    patient: str | None = Field(None, min_length=1, max_length=64, description="Patient ID (0010,0020); or")
    exam: str | None = Field(None, description="an exam's id")
    reason: str = Field("", max_length=200, description="kept in the audit log; names no person; needed to confirm")
    confirm: bool = Field(False, description="erase; without, only list what would be erased")

    @model_validator(mode="after")
    def _with_a_reason(self) -> ErasureParameters:
        if self.confirm and not (self.reason.strip() and self.reason.isprintable()):
            raise ValueError("reason: give one in printable characters, to confirm")
        return self
