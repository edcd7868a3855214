"""An image's score as stored in the datastore, or why there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mammolens.enums import Laterality, ViewPosition, member
from mammolens.errors import MammoLensError
from mammolens.inference.exam import ImageScore
from mammolens.labelapp.keys import InfoKey
from mammolens.types import ImageHeader


class ScoringModel(Protocol):
    """The part of :class:`mammolens.inference.predictor.Predictor` that turns a score into a p-value."""

    @property
    def model_id(self) -> str:
        """Name and fingerprint."""

    @property
    def calibration_id(self) -> str:
        """Fingerprint of what its scores are standardised by."""

    def image_p_value(self, score: ImageScore) -> float:
        """Share of normal images expected to score at least as high."""


@dataclass(frozen=True, slots=True)
class StoredScore:
    """Score of one image by one model with one calibration.

    ``p_value`` is that of the image, not of the exam. Side and view are kept because they may have been guessed
    from the pixels, machine and UID because the exam's number needs them while the image lies in the PACS, software
    because a change of it may move scores.
    """

    pred_score: float
    raw_score: float
    p_value: float
    model: str
    calibration: str
    laterality: Laterality | None = None
    view: ViewPosition | None = None
    acquisition_group: str | None = None
    sop_instance_uid: str = ""
    software_versions: str | None = None

    @classmethod
    def by(cls, model: ScoringModel, score: ImageScore) -> StoredScore:
        """What to keep of a score by this model."""
        return cls(
            pred_score=score.pred_score,
            raw_score=score.raw_score,
            p_value=model.image_p_value(score),
            model=model.model_id,
            calibration=model.calibration_id,
            laterality=score.header.laterality,
            view=score.header.view,
            acquisition_group=score.header.acquisition_group,
            sop_instance_uid=score.header.sop_instance_uid,
            software_versions=score.header.software_versions,
        )

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> StoredScore | None:
        """The score in an image's info, ``None`` where there is no whole one."""
        try:
            return cls(
                pred_score=float(info[InfoKey.PRED_SCORE]),
                raw_score=float(info[InfoKey.RAW_SCORE]),
                p_value=float(info[InfoKey.P_VALUE]),
                model=str(info[InfoKey.MODEL]),
                calibration=str(info[InfoKey.CALIBRATION]),
                laterality=member(Laterality, info[InfoKey.LATERALITY]),
                view=member(ViewPosition, info[InfoKey.VIEW]),
                acquisition_group=info[InfoKey.ACQUISITION_GROUP],
                sop_instance_uid=str(info[InfoKey.SOP_INSTANCE_UID]),
                software_versions=info[InfoKey.SOFTWARE_VERSIONS],
            )
        except (KeyError, TypeError, ValueError):
            return None

    def as_info(self) -> dict[str, Any]:
        """What to update an image's info with."""
        return {
            InfoKey.PRED_SCORE.value: self.pred_score,
            InfoKey.RAW_SCORE.value: self.raw_score,
            InfoKey.P_VALUE.value: self.p_value,
            InfoKey.PERCENTILE.value: 100 * (1 - self.p_value),
            InfoKey.MODEL.value: self.model,
            InfoKey.CALIBRATION.value: self.calibration,
            InfoKey.LATERALITY.value: self.laterality.value if self.laterality else None,
            InfoKey.VIEW.value: self.view.value if self.view else None,
            InfoKey.ACQUISITION_GROUP.value: self.acquisition_group,
            InfoKey.SOP_INSTANCE_UID.value: self.sop_instance_uid,
            InfoKey.SOFTWARE_VERSIONS.value: self.software_versions,
            InfoKey.FIRST_SCORED.value: time.time(),  # which no later score replaces
            InfoKey.SCORE_ERROR.value: None,
            InfoKey.PROBLEM.value: None,
        }

    def as_image_score(self, image_id: str) -> ImageScore:
        """The score as an exam's number needs it; of the header, what is kept."""
        header = ImageHeader(
            path=Path(image_id),
            sop_instance_uid=self.sop_instance_uid or image_id,
            patient_id="",
            exam_id="",
            laterality=self.laterality,
            view=self.view,
            acquisition_group=self.acquisition_group,
        )
        return ImageScore(header, self.pred_score, self.raw_score)


def failure_as_info(error: MammoLensError, model: str) -> dict[str, Any]:
    """What to update the info of an image with that ``model`` could not score with any calibration."""
    return {
        InfoKey.PRED_SCORE.value: None,
        InfoKey.RAW_SCORE.value: None,
        InfoKey.P_VALUE.value: None,
        InfoKey.PERCENTILE.value: None,
        InfoKey.MODEL.value: model,
        InfoKey.CALIBRATION.value: None,
        InfoKey.SCORE_ERROR.value: str(error),
        InfoKey.PROBLEM.value: problem_of(error),
    }


def problem_of(error: MammoLensError) -> str:
    """What a reader needs to know, who sees the view's name and not the server's folders."""
    return f"{error.reason}; {error.remedy}"


def is_processed(info: Mapping[str, Any], model: str, calibration: str) -> bool:
    """Whether this model with this calibration has scored the image, or failed to."""
    if info.get(InfoKey.MODEL) != model:
        return False
    return failed(info) or (info.get(InfoKey.CALIBRATION) == calibration and StoredScore.of(info) is not None)


def problem_by(info: Mapping[str, Any], model: str) -> str | None:
    """Why this very model could not score the image; ``None`` where it could, or has not tried."""
    if not failed(info) or info.get(InfoKey.MODEL) != model:
        return None
    return str(info.get(InfoKey.PROBLEM) or info[InfoKey.SCORE_ERROR])


def failed(info: Mapping[str, Any]) -> bool:
    """Whether the last attempt to score this image failed."""
    return bool(info.get(InfoKey.SCORE_ERROR))
