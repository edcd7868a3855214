"""An image's score as the datastore keeps it, and why an image has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mammolens.enums import Laterality
from mammolens.labelapp.keys import InfoKey


@dataclass(frozen=True, slots=True)
class StoredScore:
    """Score of one image by one model with one calibration.

    ``p_value`` is that of the image, not of the exam; ``laterality`` is kept because it may have been
    guessed from the pixels, which the header alone does not tell again.
    """

    pred_score: float
    raw_score: float
    p_value: float
    model: str
    calibration: str
    laterality: Laterality | None = None

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
                laterality=Laterality(info[InfoKey.LATERALITY]) if info.get(InfoKey.LATERALITY) else None,
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
            InfoKey.SCORE_ERROR.value: None,
        }


def failure_as_info(error: Exception, model: str) -> dict[str, Any]:
    """What to update the info of an image with that ``model`` could not score, whatever its calibration."""
    return {
        InfoKey.PRED_SCORE.value: None,
        InfoKey.RAW_SCORE.value: None,
        InfoKey.P_VALUE.value: None,
        InfoKey.PERCENTILE.value: None,
        InfoKey.MODEL.value: model,
        InfoKey.CALIBRATION.value: None,
        InfoKey.SCORE_ERROR.value: str(error),
    }


def judged(info: Mapping[str, Any], model: str, calibration: str) -> bool:
    """Whether this very model, calibrated as it is now, has scored the image, or failed to."""
    same_scale = failed(info) or info.get(InfoKey.CALIBRATION) == calibration
    return info.get(InfoKey.MODEL) == model and same_scale


def failed(info: Mapping[str, Any]) -> bool:
    """Whether the last attempt to score this image failed."""
    return bool(info.get(InfoKey.SCORE_ERROR))
