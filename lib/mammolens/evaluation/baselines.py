"""Baseline scores that need no model."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np

from mammolens.evaluation.scored import Floats, ScoredImage

_AGE_COLUMNS: Final = ("age", "PatientAge", "patient_age")
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([YMWD]?)", re.IGNORECASE)
_UNITS_A_YEAR: Final = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 52.1775, "D": 365.2425}


class Baseline(Protocol):
    """A score without a model."""

    def __call__(self, images: Sequence[ScoredImage], /) -> Floats | None:
        """Scores ``(n,)`` float64 growing with suspicion, NaN where unknown; ``None`` where unknown for all."""


def patient_age(images: Sequence[ScoredImage]) -> Floats | None:
    """Age in years from the covariates 'age' or 'PatientAge', a number or DICOM's Age String (PS3.5 6.2: 063Y)."""
    ages = np.array([years_of(image.covariates) for image in images], dtype=np.float64)
    return ages if np.isfinite(ages).any() else None


def years_of(covariates: Mapping[str, str]) -> float:
    """Age in years, NaN where unknown."""
    text = next((covariates[column] for column in _AGE_COLUMNS if covariates.get(column)), "")
    match = _AGE.fullmatch(text.strip())
    return float(match[1]) / _UNITS_A_YEAR[match[2].upper()] if match else math.nan


def other_score_baseline(name: str) -> Baseline:
    """The baseline that reads ``other_scores[name]``: of image processing, or of another model."""

    def scores(images: Sequence[ScoredImage], /) -> Floats | None:
        found = np.array([image.other_scores.get(name, math.nan) for image in images], dtype=np.float64)
        return found if np.isfinite(found).any() else None

    return scores


def other_score_baselines(images: Sequence[ScoredImage]) -> dict[str, Baseline]:
    """A baseline for each name in the images' ``other_scores``, in order of appearance."""
    return {name: other_score_baseline(name) for image in images for name in image.other_scores}


BASELINES: Final[Mapping[str, Baseline]] = MappingProxyType({"age": patient_age})
