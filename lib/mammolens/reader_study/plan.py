"""What a reader study is: who reads which exams, with or without the heat map, in which order."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f,\"]+$")]
LONGEST_WASHOUT: Final = 3650.0


class StudyDesign(StrEnum):
    """How often each reader reads an exam."""

    CROSSOVER = "crossover"
    WITH_HEAT = "with_heat"
    WITHOUT_HEAT = "without_heat"


class StudyPlan(BaseModel):
    """The plan of one study; it does not change once the study exists.

    Example:
        >>> plan = StudyPlan(name="pilot", readers=["anna", "ben"], exams=["e-1", "e-2"], seed=7)
        >>> [(case.session, case.exam, case.heat) for case in reading_order(plan, "anna")]
        [(1, 'e-1', True), (1, 'e-2', False), (2, 'e-2', True), (2, 'e-1', False)]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="lower-case letters, digits, - and _")
    readers: list[Name] = Field(min_length=1, max_length=1000, description="accounts of the readers")
    exams: list[Name] = Field(min_length=1, max_length=100_000, description="ids, as the worklist has them")
    design: StudyDesign = Field(
        StudyDesign.CROSSOVER,
        description="'crossover': each exam twice, in two sessions, once with the model's result and once without",
    )
    washout_days: float = Field(
        28, ge=0, le=LONGEST_WASHOUT, description="between a reader's two sessions, so that exams are forgotten"
    )
    seed: int = Field(0, ge=0, description="of the draws")
    question: str = Field(
        "How likely is it that this exam shows cancer?", max_length=500, description="answered from 0 to 100"
    )

    @model_validator(mode="after")
    def _each_once(self) -> StudyPlan:
        for field, values in (("readers", self.readers), ("exams", self.exams)):
            if len(set(values)) < len(values):
                raise ValueError(f"{field} names one of them twice")
        return self


class Case(BaseModel):
    """One exam to be read by one reader.

    Attributes:
        session: 1, or 2 of a crossover.
        number: of the case in its session, from 1.
        exam: its id.
        heat: whether the reader sees the model's result.
    """

    model_config = ConfigDict(frozen=True)

    session: int
    number: int
    exam: str
    heat: bool


def reading_order(plan: StudyPlan, reader: str) -> list[Case]:
    """The cases of one reader, in their order.

    In a crossover, a random half of the exams is read with the model's result first, and the halves change places from
    one reader to the next, so that neither exams nor readers favour a condition. Each session has an order of its own.

    Raises:
        ValueError: not a reader of the study.
    """
    place = plan.readers.index(reader)
    if plan.design is not StudyDesign.CROSSOVER:
        return _session(plan, place, 1, set(plan.exams) if plan.design is StudyDesign.WITH_HEAT else set())
    drawn = np.random.default_rng([plan.seed, 0]).permutation(len(plan.readers) + len(plan.exams))
    exams = [plan.exams[index] for index in drawn if index < len(plan.exams)]
    readers = [index - len(plan.exams) for index in drawn if index >= len(plan.exams)]
    first = set(exams[: len(exams) // 2])
    if readers.index(place) % 2:
        first = set(exams) - first
    return [*_session(plan, place, 1, first), *_session(plan, place, 2, set(exams) - first)]


def _session(plan: StudyPlan, reader: int, session: int, with_heat: set[str]) -> list[Case]:
    order = np.random.default_rng([plan.seed, 1 + reader, session]).permutation(len(plan.exams))
    exams = [plan.exams[index] for index in order]
    return [
        Case(session=session, number=number, exam=exam, heat=exam in with_heat) for number, exam in enumerate(exams, 1)
    ]
