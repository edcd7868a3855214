"""What a model learned of normal scores: written beside its weights, read by whoever scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from mammolens.calibration.conformal import ConformalScale
from mammolens.calibration.mean_std import mean_std_threshold
from mammolens.config import CalibrationConfig
from mammolens.errors import ModelError
from mammolens.files import write_text

_REMEDY = "train and calibrate the model again"
_SMALLEST_LEVEL = float(np.finfo(np.float32).tiny)  # a map is 0 outside of the breast, which is no level


class NormalImage(BaseModel):
    """Scores of one normal image; ``patient`` is an ordinal, never an identifier of a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: int
    view: str | None
    acquisition_group: str | None
    pred_score: FiniteFloat
    map_peak: FiniteFloat


class NormalExam(BaseModel):
    """Fused score of one normal exam."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: int
    exam_score: FiniteFloat


@dataclass(frozen=True, eq=False)
class Calibration:
    """Normal images and exams of patients that training never saw."""

    images: tuple[NormalImage, ...]
    exams: tuple[NormalExam, ...]
    config: CalibrationConfig

    @cached_property
    def calibration_id(self) -> str:
        """Fingerprint of the normal scores: ``cal-1a2b3c4d5e6f``."""
        return f"cal-{hashlib.sha256(self._json().encode()).hexdigest()[:12]}"

    @cached_property
    def image_scale(self) -> ConformalScale:
        """p-values of image scores."""
        return _scale([image.pred_score for image in self.images], [image.patient for image in self.images])

    @cached_property
    def exam_scale(self) -> ConformalScale:
        """p-values of exam scores."""
        return _scale([exam.exam_score for exam in self.exams], [exam.patient for exam in self.exams])

    @cached_property
    def threshold(self) -> float:
        """Image score from which the decision rule flags."""
        if self.config.decision == "mean_std":
            return mean_std_threshold(np.array([image.pred_score for image in self.images]), self.config.k)
        return self.image_scale.threshold(self.config.alpha)

    @cached_property
    def levels(self) -> dict[str, float]:
        """Map value where each heat level begins: at most the configured share of normal images reaches it.

        Above 0 and never falling. With too few patients for a share, just above every normal peak.
        """
        peaks = _scale([image.map_peak for image in self.images], [image.patient for image in self.images])
        beyond = max(float(peaks.scores[-1]) * 1.001, _SMALLEST_LEVEL)
        return {name: min(peaks.threshold(share), beyond) for name, share in self.config.levels.items()}

    @property
    def decision_rule(self) -> str:
        """The rule in words."""
        if self.config.decision == "mean_std":
            return f"score >= mean + {self.config.k:g} std of normal images"
        return f"conformal p <= {self.config.alpha:g}"

    @property
    def views(self) -> frozenset[str]:
        """Views that it has seen."""
        return frozenset(image.view for image in self.images if image.view)

    @property
    def acquisition_groups(self) -> frozenset[str]:
        """Machines that it has seen."""
        return frozenset(image.acquisition_group for image in self.images if image.acquisition_group)

    def save(self, path: Path) -> None:
        """Write as JSON, whole or not at all."""
        write_text(path, self._json())

    @classmethod
    def load(cls, path: Path, config: CalibrationConfig) -> Calibration:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: missing or damaged.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            images = tuple(NormalImage(**image) for image in content["images"])
            exams = tuple(NormalExam(**exam) for exam in content["exams"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(path, f"no usable calibration ({_first_problem(error)})", _REMEDY) from error
        if not images or not exams:
            raise ModelError(path, "the calibration holds no normal image", _REMEDY)
        return cls(images, exams, config)

    def _json(self) -> str:
        content = {
            "images": [image.model_dump() for image in self.images],
            "exams": [exam.model_dump() for exam in self.exams],
        }
        return json.dumps(content, indent=1)


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _scale(scores: Sequence[float], patients: Sequence[int]) -> ConformalScale:
    return ConformalScale.of(np.array(scores, dtype=np.float64), np.array(patients, dtype=np.str_))
