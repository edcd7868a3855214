"""Exam inference: fuse image scores and compare the exam with normal exams, from scores alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.decile import decile
from mammolens.config import FusionConfig
from mammolens.enums import Laterality, NormalityCategory
from mammolens.inference.asymmetry import asymmetry
from mammolens.inference.exam import ExamScore, ImageScore, fuse


@dataclass(frozen=True, slots=True)
class BreastInference:
    """A breast compared with normal breasts of as many views.

    Attributes:
        p_value: share of normal patients expected to score at least as high, in (0, 1].
        category: by the levels of the calibration; ``None`` if it has too few patients to flag any.
    """

    p_value: float
    category: NormalityCategory | None

    @property
    def decile(self) -> int:
        """The tenth of normal breasts that it falls in, 1 to 10; 10 is the most anomalous."""
        return decile(self.p_value)

    @property
    def percentile(self) -> float:
        """More anomalous than this percentage of normal breasts."""
        return 100.0 * (1.0 - self.p_value)


@dataclass(frozen=True, slots=True)
class ExamInference:
    """An exam compared with normal exams.

    Attributes:
        fused: its scores.
        p_value: share of normal patients expected to score at least as high, in (0, 1].
        calibration_patients: normal patients behind the p-value.
        is_anomalous: the decision of the calibration's rule.
        category: by the levels of the calibration; ``None`` if it has too few patients to flag any.
        breasts: the comparison of each breast.
        asymmetry: difference between the breasts; ``None`` where one was not imaged.
        asymmetry_p_value: share of normal patients expected to be at least as asymmetric.
    """

    fused: ExamScore
    p_value: float
    calibration_patients: int
    is_anomalous: bool
    category: NormalityCategory | None
    breasts: dict[Laterality | None, BreastInference]
    asymmetry: float | None
    asymmetry_p_value: float | None

    @property
    def decile(self) -> int:
        """The tenth of normal exams that it falls in, 1 to 10; 10 is the most anomalous."""
        return decile(self.p_value)

    @property
    def percentile(self) -> float:
        """More anomalous than this percentage of normal exams."""
        return 100.0 * (1.0 - self.p_value)


def infer_exam(scores: Sequence[ImageScore], calibration: Calibration, fusion: FusionConfig) -> ExamInference:
    """Fuse the scores of an exam's images, and compare the exam with normal exams.

    Args:
        scores: at least one, standardised by this calibration; of each header, only the image, its side and its
            machine are used.
        calibration: of the model that scored.
        fusion: of the same model.
    """
    fused = fuse(scores, fusion)
    group, difference = fused.acquisition_group, asymmetry(fused)
    scale = calibration.exam_scales.of_shape(fused.shape).of_group(group)
    return ExamInference(
        fused=fused,
        p_value=scale.p_value(fused.exam),
        calibration_patients=scale.patients,
        is_anomalous=fused.exam >= calibration.exam_threshold(group, fused.shape),
        category=calibration.exam_category(fused.exam, group, fused.shape),
        breasts={
            side: BreastInference(
                calibration.exam_p_value(score, group, shape), calibration.exam_category(score, group, shape)
            )
            for side, score in fused.breasts.items()
            for shape in [(len(fused.views[side]),)]
        },
        asymmetry=difference,
        asymmetry_p_value=calibration.asymmetry_p_value(difference, group, fused.shape_of_sides),
    )
