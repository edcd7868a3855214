"""A model and its calibration, ready to judge mammograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammolens import RESEARCH_USE_ONLY
from mammolens.calibration.calibration import Calibration
from mammolens.config import ModelConfig
from mammolens.enums import QualityFlag, SpacingSource
from mammolens.inference.exam import ImageScore, fuse
from mammolens.inference.scorer import ScoredGrid, Scorer
from mammolens.models.directory import CALIBRATION, TrainedModel, load_model
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import AnomalyRecord, AnomalyResult, ImageHeader, Mammogram

# Shares of the image's area; outside, the mask is more likely wrong than the breast unusual.
_USUAL_BREAST_AREA = (0.03, 0.97)


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """One image before its exam is known: its score, and maps on the network's grid."""

    score: ImageScore
    shape: tuple[int, int]
    prepared: Prepared
    grid: ScoredGrid


class Predictor:
    """Judge mammograms with one model; safe to share between threads.

    Attributes:
        model_id: of the model directory.
        calibration_id: of its calibration.
        config: of the model.
    """

    def __init__(self, model: TrainedModel, calibration: Calibration) -> None:
        self.model_id = model.model_id
        self.calibration_id = calibration.calibration_id
        self.config: ModelConfig = model.config
        self.calibration = calibration
        self._pipeline = Pipeline(model.config.preprocessing)
        self._scorer = Scorer(model.network, model.config.scoring)

    @classmethod
    def load(cls, directory: Path) -> Predictor:
        """Load a model directory.

        Raises:
            ModelError: incomplete or damaged.
        """
        model = load_model(directory)
        return cls(model, Calibration.load(directory / CALIBRATION, model.config.calibration))

    def score(self, mammogram: Mammogram) -> ImageScore:
        """The image's score alone, without maps on the original grid."""
        return self.analyse(mammogram).score

    def image_p_value(self, pred_score: float) -> float:
        """Conformal p-value of an image score, in (0, 1]."""
        return self.calibration.image_scale.p_value(pred_score)

    def is_anomalous(self, pred_score: float) -> bool:
        """The decision of the configured rule for an image score."""
        return pred_score >= self.calibration.threshold

    def predict(self, mammogram: Mammogram, siblings: Sequence[ImageScore] = ()) -> AnomalyResult:
        """Judge one image.

        Args:
            mammogram: the image.
            siblings: scores, by the same model, of other images of the same exam, for the fused
                scores; with none, the exam is this image alone.
        """
        analysis = self.analyse(mammogram)
        return self.judge(analysis, [*siblings, analysis.score])

    def predict_exam(self, mammograms: Sequence[Mammogram]) -> list[AnomalyResult]:
        """Judge all images of one exam together; results in the order of the images."""
        analyses = [self.analyse(mammogram) for mammogram in mammograms]
        scores = [analysis.score for analysis in analyses]
        return [self.judge(analysis, scores) for analysis in analyses]

    def analyse(self, mammogram: Mammogram) -> Analysis:
        """Score one image.

        Raises:
            UnsupportedMammogramError: the preprocessing finds no breast, or lacks a pixel spacing.
        """
        prepared = self._pipeline.prepare(mammogram)
        grid = self._scorer.score(prepared)
        header = mammogram.header.flagged(*self._flags(mammogram.header, prepared))
        rows, columns = mammogram.pixels.shape
        return Analysis(ImageScore(header, grid.pred_score), (rows, columns), prepared, grid)

    def judge(self, analysis: Analysis, exam: Sequence[ImageScore]) -> AnomalyResult:
        """Bring an analysis to the original grid and set it against normal patients.

        Args:
            analysis: by this predictor.
            exam: scores of all images of the exam, this one included.
        """
        anomaly_map = self._pipeline.restore_map(analysis.grid.anomaly_map, analysis.prepared)
        starts = list(self.calibration.levels.values())
        return AnomalyResult(
            header=analysis.score.header,
            record=self._record(analysis, exam),
            anomaly_map=anomaly_map,
            heat_levels=np.digitize(anomaly_map, starts).astype(np.uint8),
            reconstruction=self._pipeline.restore_image(analysis.grid.reconstruction, analysis.prepared),
        )

    def _flags(self, header: ImageHeader, prepared: Prepared) -> list[QualityFlag]:
        flags = []
        smallest, largest = _USUAL_BREAST_AREA
        if not smallest <= prepared.breast_share <= largest:
            flags.append(QualityFlag.UNUSUAL_BREAST_AREA)
        if header.view not in self.calibration.views:
            flags.append(QualityFlag.VIEW_NOT_CALIBRATED)
        if header.acquisition_group not in self.calibration.acquisition_groups:
            flags.append(QualityFlag.ACQUISITION_NOT_CALIBRATED)
        return flags

    def _record(self, analysis: Analysis, exam: Sequence[ImageScore]) -> AnomalyRecord:
        header, score = analysis.score.header, analysis.score.pred_score
        fused = fuse(exam, self.config.scoring.fusion)
        p_value, exam_p_value = self.image_p_value(score), self.calibration.exam_scale.p_value(fused.exam)
        threshold = self.calibration.threshold
        return AnomalyRecord(
            # A file name may hold bytes that are no UTF-8, which JSON does not know.
            path=str(header.path).encode("utf-8", "replace").decode("utf-8"),
            sop_instance_uid=header.sop_instance_uid,
            patient=header.patient_id,
            exam=header.exam_id,
            laterality=header.laterality,
            laterality_source=header.laterality_source,
            view=header.view,
            view_source=header.view_source,
            acquisition_group=header.acquisition_group,
            rows=analysis.shape[0],
            columns=analysis.shape[1],
            spacing_source=header.spacing.source if header.spacing else SpacingSource.NONE,
            pred_score=score,
            threshold=threshold if np.isfinite(threshold) else None,
            is_anomalous=self.is_anomalous(score),
            decision_rule=self.calibration.decision_rule,
            p_value=p_value,
            percentile=100.0 * (1.0 - p_value),
            breast_score=fused.breasts[header.laterality],
            exam_score=fused.exam,
            exam_p_value=exam_p_value,
            exam_percentile=100.0 * (1.0 - exam_p_value),
            levels=self.calibration.levels,
            quality_flags=list(header.flags),
            model=self.model_id,
            calibration=self.calibration_id,
            notice=RESEARCH_USE_ONLY,
        )
