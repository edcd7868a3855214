"""Reader studies: those of the server, a reader's next case, and what was read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from mammolens.labelapp.responses.base import Response
from mammolens.labelapp.responses.exams import ExamDetail
from mammolens.reader_study.plan import StudyDesign
from mammolens.reader_study.results import Treatment


class ReaderProgress(Response):
    """How far a reader is."""

    reader: str
    read: int = Field(description="cases with a reading")
    cases: int = Field(description="all of them")


class ReaderStudy(Response):
    """A study as readers and administrators see it."""

    name: str
    design: StudyDesign
    question: str
    exams: int
    progress: list[ReaderProgress] = Field(description="of oneself; for an administrator, of all readers")
    viewer: str = Field(description="where a reader continues")


class ReaderStudyList(Response):
    """All studies that one reads in; for an administrator, all studies."""

    studies: list[ReaderStudy]


class CaseDetail(Response):
    """A reader's next case, blinded."""

    study: str
    question: str
    session: int
    number: int = Field(description="of the case in its session, from 1")
    total: int = Field(description="cases of a session")
    heat: bool = Field(description="whether the model's result is shown")
    exam: ExamDetail = Field(
        description="without decisions, ranks, verdicts and priors; without the model's result where `heat` is false"
    )


class NextCase(Response):
    """What a reader reads next."""

    case: CaseDetail | None = Field(description="None: there is nothing to read now")
    viewer: str | None = Field(description="where OHIF opens the case")
    not_before: datetime | None = Field(description="when session 2 begins, UTC; None: it may begin")
    finished: bool = Field(description="all cases are read")
    sentence: str = Field(description="why there is no case; empty where there is one")


class StudyReading(Response):
    """A reader's answer to one case."""

    id: UUID
    reader: str
    exam: str
    session: int
    heat: bool
    likelihood: int = Field(description="answer to the study's question, 0 to 100")
    recall: bool
    seconds: float
    comment: str
    time: datetime
    model: str | None = Field(description="whose result was shown")


class StudyTreatment(Response):
    """The readings with the model's result, or those without."""

    treatment: Treatment
    readings: int
    recalled: float = Field(description="share of them, in [0, 1]")
    median_seconds: float
    kappa: float | None = Field(description="agreement on recall, the mean of all pairs of readers; None: undefined")
    disputed: list[str] = Field(description="exams on whose recall readers disagree, to be adjudicated")


class StudyReadings(Response):
    """All readings of a study, the oldest first, and what they say."""

    study: ReaderStudy
    readings: list[StudyReading]
    treatments: list[StudyTreatment]
