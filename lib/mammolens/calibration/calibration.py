"""Scores of normal patients for comparison: saved with the weights and used for scoring."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from mammolens.calibration.calcifications import CalcificationScale, can_combine
from mammolens.calibration.conformal import min_patients
from mammolens.calibration.decile import highest_decile, top_decile_range
from mammolens.calibration.exam_scales import ExamScales, FusedExam
from mammolens.calibration.fusion import breast_score, exam_score
from mammolens.calibration.groups import GroupedScale
from mammolens.calibration.mean_std import mean_std_threshold
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.calibration.standardisation import Acquisition, Standardisation
from mammolens.calibration.sub_exams import Breast, Shape
from mammolens.config import MEANS, CalibrationConfig, FusionConfig
from mammolens.enums import NormalityCategory
from mammolens.errors import ModelError
from mammolens.files import write_text

_REMEDY = "recalibrate the model with 'mammolens calibrate'"
_SMALLEST_LEVEL = float(np.finfo(np.float32).tiny)  # a map is 0 outside of the breast, which is not a level


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores of normal images and exams of patients who were not used for training.

    Turns raw scores into standardised scores, p-values, decisions and heat levels. ``fusion`` is that of the exams.
    """

    images: tuple[NormalImage, ...]
    exams: tuple[NormalExam, ...]
    config: CalibrationConfig
    fusion: FusionConfig = MEANS

    @cached_property
    def calibration_id(self) -> str:
        """Fingerprint of the normal scores: ``cal-1a2b3c4d5e6f``."""
        return f"cal-{hashlib.sha256(self._json().encode()).hexdigest()[:12]}"

    @cached_property
    def standardisation(self) -> Standardisation:
        """From the network's own score to robust standard deviations of normal images."""
        return Standardisation.fit(
            np.array([image.raw_score for image in self.images], dtype=np.float64),
            np.array([image.patient for image in self.images], dtype=np.int64),
            self._sources,
            self.config.standardise,
        )

    @cached_property
    def calcifications(self) -> CalcificationScale | None:
        """From the calcification branch's log odds to scores and map values; ``None``: it takes no part."""
        found = [image.calcifications for image in self.images if image.calcifications is not None]
        patients = [image.patient for image in self.images]
        if not can_combine([image.calcifications for image in self.images], patients, self.config.standardise):
            return None
        return CalcificationScale.fit(found, np.array(patients, dtype=np.int64), self._sources, self.config.standardise)

    @cached_property
    def image_scales(self) -> GroupedScale:
        """p-values of image scores."""
        return self._of_images([image.pred_score for image in self.images], self._flagging_patients)

    @cached_property
    def peak_scales(self) -> GroupedScale:
        """Highest values of anomaly maps."""
        highest = min(self.config.levels.values())
        return self._of_images([image.map_peak for image in self.images], min_patients(highest))

    @cached_property
    def exam_scales(self) -> ExamScales:
        """p-values of exam scores."""
        exams = [
            FusedExam(
                exam.patient,
                exam.acquisition_group,
                exam.exam_score,
                tuple(breast.pred_scores for breast in exam.breasts),
            )
            for exam in self.exams
        ]
        return ExamScales(exams, self._fused, self._group_patients(self._flagging_patients))

    @cached_property
    def asymmetry_scales(self) -> ExamScales | None:
        """p-values of the difference between the breasts; ``None`` if no exam has both."""
        both = [
            FusedExam(
                exam.patient,
                exam.acquisition_group,
                exam.asymmetry,
                tuple(breast.pred_scores for breast in exam.breasts if breast.laterality is not None),
            )
            for exam in self.exams
            if exam.asymmetry is not None
        ]
        return ExamScales(both, self._difference, self._group_patients(1)) if both else None

    def image_p_value(self, pred_score: float, acquisition_group: str | None = None) -> float:
        """Of an image score, in (0, 1]."""
        return self.image_scales.of_group(acquisition_group).p_value(pred_score)

    def exam_p_value(self, exam_score: float, acquisition_group: str | None, shape: Shape) -> float:
        """Of the score of an exam with ``shape`` (images of each breast, the most first), in (0, 1]."""
        return self.exam_scales.of_shape(shape).of_group(acquisition_group).p_value(exam_score)

    def asymmetry_p_value(self, asymmetry: float | None, acquisition_group: str | None, shape: Shape) -> float | None:
        """Of a difference between the breasts, in (0, 1]; ``None`` without one, or without normal exams of both.

        ``shape`` is of the left and the right breast alone.
        """
        if asymmetry is None or self.asymmetry_scales is None:
            return None
        return self.asymmetry_scales.of_shape(shape).of_group(acquisition_group).p_value(asymmetry)

    def finding_percentile(self, peak: float, acquisition_group: str | None = None) -> float:
        """How many percent of normal patients have nowhere a map value as high as a finding's peak.

        The complement of a conformal p-value, in [0, 100): of new normal patients, exchangeable with those of the
        calibration, at most ``100 - q`` % have a finding with a percentile of ``q`` or more. This holds as far as their
        exams have no more images than those of the calibration.

        Example:
            >>> calibration.finding_percentile(0.98)  # of the shipped model; doctest: +SKIP
            60.869565217391305
        """
        peaks = self.peak_scales.of_group(acquisition_group)
        return 100.0 * peaks.patients_below(peak) / (peaks.patients + 1)

    def threshold(self, acquisition_group: str | None = None) -> float:
        """Image score from which the decision rule flags an image of this machine; infinite: never."""
        return self._threshold(self.image_scales, acquisition_group)

    def exam_threshold(self, acquisition_group: str | None = None, shape: Shape | None = None) -> float:
        """Exam score from which the decision rule flags an exam of this machine; infinite: never.

        Without a shape, that of an exam with all the views that the normal ones have.
        """
        scales = self.exam_scales.whole if shape is None else self.exam_scales.of_shape(shape)
        return self._threshold(scales, acquisition_group)

    def image_category(self, pred_score: float, acquisition_group: str | None = None) -> NormalityCategory | None:
        """Category of an image score; ``None`` if there are too few normal patients to flag any."""
        return self._category(pred_score, self.image_scales, acquisition_group)

    def exam_category(self, exam_score: float, acquisition_group: str | None, shape: Shape) -> NormalityCategory | None:
        """The same of the score of an exam, or of a breast, with ``shape``."""
        return self._category(exam_score, self.exam_scales.of_shape(shape), acquisition_group)

    def levels(self, acquisition_group: str | None = None) -> dict[str, float]:
        """Map value where each heat level begins: at most the configured share of normal images reaches it.

        Above 0 and never falling. With too few patients for a share, just above every normal peak. Each is a
        float32, as the map's values are: numpy compares them as such, and would round down to a normal image's peak.
        """
        peaks = self.peak_scales.of_group(acquisition_group)
        beyond = float(peaks.scores[-1]) * 1.001
        return {
            name: _single(max(min(peaks.threshold(share), beyond), _SMALLEST_LEVEL))
            for name, share in self.config.levels.items()
        }

    @property
    def cannot_flag(self) -> str | None:
        """Why the rule flags no exam, regardless of its score, as the predicate of 'the model ...'; ``None``: it can.

        One answer for all machines and numbers of views: a machine has a scale of its own only with enough patients
        to flag, and exams reduced to fewer views are of the same patients.
        """
        patients, needed = self.exam_scales.whole.pooled.patients, self._flagging_patients
        if patients >= needed:
            return None
        return (
            f"cannot flag any exam: it is calibrated on {patients} of the {needed} normal patients "
            f"that alpha = {self.config.alpha:g} requires"
        )

    @property
    def decision_rule(self) -> str:
        """The decision rule in words, as the predicate of 'the model ...'."""
        if self.config.decision == "mean_std":
            return f"flags scores of at least mean + {self.config.k:g} SD of normal images"
        if self.cannot_flag is not None:
            return self.cannot_flag
        rate = f"{100 * self.config.alpha:g} %"
        if self.config.confidence is not None:
            return f"flags at most {rate} of normal exams, with confidence {self.config.confidence:g}"
        return f"flags at most {rate} of normal exams"

    @property
    def score_meaning(self) -> str:
        """What the score from 1 to 10 and the categories mean, and how exact they are, in sentences."""
        patients, level = self.exam_scales.whole.pooled.patients, self.config.highly_unusual_level
        scale = "The score is the tenth of normal exams that an exam falls in: 10 is the most anomalous tenth."
        if self.cannot_flag is not None:
            return f"{scale} With {patients} normal patients it reaches {highest_decile(patients)}, and no category."
        needed = self._patients_for(level)
        strict = (
            f"at most {100 * level:g} % of normal exams are 'Highly unusual'"
            if patients >= needed
            else f"'Highly unusual' requires {needed} normal patients"
        )
        if highest_decile(patients) < highest_decile(9):
            exact = f"with {patients} normal patients, no exam scores above {highest_decile(patients)}"
        else:
            low, high = (round(100 * share) for share in top_decile_range(patients))
            exact = f"of normal exams like its {patients} patients, between {low} and {high} % score 10"
        return f"{scale} The model {self.decision_rule} ('Unusual'); {strict}; {exact}."

    @property
    def views(self) -> frozenset[str]:
        """Views that it has seen."""
        return frozenset(image.view for image in self.images if image.view)

    @property
    def acquisition_groups(self) -> frozenset[str]:
        """Machines that it has seen."""
        return frozenset(image.acquisition_group for image in self.images if image.acquisition_group)

    @property
    def software_versions(self) -> frozenset[str]:
        """Software versions of its machines; empty if the images state none."""
        return frozenset(image.software_versions for image in self.images if image.software_versions)

    def save(self, path: Path) -> None:
        """Write as JSON, whole or not at all."""
        write_text(path, self._json())

    @classmethod
    def load(cls, path: Path, config: CalibrationConfig, fusion: FusionConfig = MEANS) -> Calibration:
        """Read what :meth:`save` wrote; ``fusion`` is that of the model's configuration.

        Raises:
            ModelError: missing, damaged, or made with another standardisation than the configuration's.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            images = tuple(NormalImage(**image) for image in content["images"])
            exams = tuple(NormalExam(**exam) for exam in content["exams"])
            standardise = content["standardise"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(path, f"no usable calibration ({_first_problem(error)})", _REMEDY) from error
        if not images or not exams:
            raise ModelError(path, "the calibration contains no normal image", _REMEDY)
        if standardise != config.standardise:
            reason = f"it is standardised by {standardise!r}, but the configuration says {config.standardise!r}"
            raise ModelError(path, reason, _REMEDY)
        return cls(images, exams, config, fusion)

    @property
    def _sources(self) -> list[Acquisition]:
        return [Acquisition(image.acquisition_group, image.view) for image in self.images]

    @property
    def _flagging_patients(self) -> int:
        """The smallest number with which the rule can flag an exam."""
        return self._patients_for(self.config.alpha) if self.config.decision == "conformal" else 1

    def _patients_for(self, alpha: float) -> int:
        return min_patients(alpha, self.config.confidence)

    def _group_patients(self, needed: int) -> int:
        """The fewest patients for a scale of a machine's own; with fewer, the pooled scale is more informative."""
        return max(self.config.group_patients, needed)

    def _of_images(self, scores: Sequence[float], needed: int) -> GroupedScale:
        patients = [image.patient for image in self.images]
        groups = [image.acquisition_group for image in self.images]
        return GroupedScale.of(scores, patients, groups, self._group_patients(needed))

    def _fused(self, breasts: tuple[Breast, ...]) -> float:
        return exam_score([breast_score(breast, self.fusion) for breast in breasts], self.fusion)

    def _difference(self, breasts: tuple[Breast, ...]) -> float:
        one, other = (breast_score(breast, self.fusion) for breast in breasts)
        return abs(one - other)

    def _threshold(self, scales: GroupedScale, acquisition_group: str | None) -> float:
        if self.config.decision == "mean_std":
            return mean_std_threshold(scales.pooled.scores, self.config.k)
        return self._conformal_threshold(scales, acquisition_group, self.config.alpha)

    def _conformal_threshold(self, scales: GroupedScale, acquisition_group: str | None, alpha: float) -> float:
        scale = scales.of_group(acquisition_group)
        if self.config.confidence is not None:
            return scale.confident_threshold(alpha, self.config.confidence)
        return scale.threshold(alpha)

    def _category(self, score: float, scales: GroupedScale, acquisition_group: str | None) -> NormalityCategory | None:
        """By the threshold that flags, and by the conformal one of the stricter level."""
        flagging = self._threshold(scales, acquisition_group)
        if math.isinf(flagging):
            return None
        if score < flagging:
            return NormalityCategory.WITHIN_NORMAL_RANGE
        strict = self._conformal_threshold(scales, acquisition_group, self.config.highly_unusual_level)
        return NormalityCategory.HIGHLY_UNUSUAL if score >= strict else NormalityCategory.UNUSUAL

    def _json(self) -> str:
        content = {
            "standardise": self.config.standardise,
            "images": [image.model_dump() for image in self.images],
            "exams": [exam.model_dump() for exam in self.exams],
        }
        return json.dumps(content, indent=1)


def _single(value: float) -> float:
    """The lowest float32 that is at least this value."""
    single = np.float32(value)
    return float(single if float(single) >= value else np.nextafter(single, np.float32(np.inf)))


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
