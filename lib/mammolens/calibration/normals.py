"""Normal images and exams as calibration keeps them: scores, machines and views, nothing of a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from mammolens.enums import Laterality


class NormalCalcifications(BaseModel):
    """What the calcification branch finds in a normal image.

    ``raw_score`` is the highest log odds of a cluster, ``map_peak`` the highest probability on the anomaly map without
    the branch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw_score: FiniteFloat
    map_peak: Annotated[FiniteFloat, Field(ge=0, le=1)]


class NormalImage(BaseModel):
    """Scores of one normal image; ``patient`` is an ordinal, never an identifier of a person.

    ``raw_score`` is the network's own; ``pred_score`` is standardised by all other patients;
    ``statistics`` are of the prepared image, by name, for the detection of blur and of images out of distribution.
    ``software_versions`` is written only if known, ``calcifications`` only if the calcification branch looked at the
    image; if it takes part, ``pred_score`` and ``map_peak`` are the higher of what it and the model find.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: int
    view: str | None
    acquisition_group: str | None
    software_versions: str | None = Field(None, exclude_if=lambda versions: versions is None)
    raw_score: FiniteFloat
    pred_score: FiniteFloat
    map_peak: FiniteFloat
    statistics: dict[str, FiniteFloat] = {}
    calcifications: NormalCalcifications | None = Field(None, exclude_if=lambda found: found is None)


class NormalBreast(BaseModel):
    """Standardised scores of the images of one breast; images of unknown side are a breast of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    laterality: Laterality | None
    pred_scores: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]


class NormalExam(BaseModel):
    """Fused scores of one normal exam; ``asymmetry`` is known if both breasts were imaged.

    ``acquisition_group`` is ``None`` if it is unknown or the images are of several. ``breasts`` has the scores that
    were fused, so that exams of fewer views can be formed from it; without it, new exams are compared with the whole
    exam.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: int
    acquisition_group: str | None
    exam_score: FiniteFloat
    asymmetry: FiniteFloat | None
    breasts: tuple[NormalBreast, ...] = ()
